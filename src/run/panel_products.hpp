/// Panels of bases from the store, and their products: in memory, or row by row where they are too long for it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "confer/io/basis_store.hpp"
#include "confer/linalg/matrix.hpp"
#include "confer/model/factor_summary.hpp"
#include "confer/model/pair_memory.hpp"
#include "confer/model/tile_plan.hpp"
#include "confer/similarity/canonical.hpp"

namespace confer {

/// One representation as the engine sees it.
struct TileMember {
  std::string key;  ///< in the basis store
  FactorSummary const* summary = nullptr;
};

/// Rows in slices of this many; the products of slices are rounded to fixed-point numbers, whose sum is the same in any
/// order and on any number of ranks. A panel of one slice is not rounded.
inline constexpr Index rows_per_slice = 65536;
inline Index row_slices(Index rows) { return std::max<Index>(1, (rows + rows_per_slice - 1) / rows_per_slice); }

/// The panel whose bases, or whose loadings, are held.
template <class T>
struct HeldBases {
  Index number = -1;
  Matrix<T> memory;     ///< of the largest panel so far: to make it anew for every panel takes a pass over it
  MatrixView<T> basis;  ///< rows x columns of all members
};
template <class T>
struct HeldLoadings {
  Index number = -1;
  std::vector<Matrix<T>> loadings;  ///< of each member
};

template <class T>
class PanelProducts {
 public:
  /// What is referred to must outlive it.
  PanelProducts(BasisStore const& store, std::vector<TileMember> const& members, TilePlan const& plan,
                PanelLimits const& limits)
      : store_(store), members_(members), plan_(plan), limits_(limits) {}

  /// Product of the panels of a tile, columns of the row panel by columns of the column panel. Within one panel only
  /// the lower triangle is computed.
  Matrix<double> product(Tile const& tile, std::function<void()> const& poll);
  /// Adds the product over one slice of rows, as to_fixed. `sum` has the size of the product.
  void add_slice(Tile const& tile, Index slice, Matrix<Index>& sum);
  Index row_columns(Tile const& tile) const;
  Index col_columns(Tile const& tile) const;

  /// Sums over rows of products of squared row norms: members of the row panel by members of the column panel.
  Matrix<double> norm_products(Tile const& tile) const;

  /// First columns of the members of a panel in the product.
  std::vector<Index> first_columns(Index panel) const;
  /// Loadings of a member of the tile's row panel or column panel.
  LoadingsOf<T> row_loadings(Tile const& tile, Index slot) { return loadings(row_held_, tile.row_panel, slot); }
  LoadingsOf<T> col_loadings(Tile const& tile, Index slot) {
    return loadings(tile.row_panel == tile.col_panel ? row_held_ : col_held_, tile.col_panel, slot);
  }

 private:
  FactorSummary const& summary(Index member) const { return *members_[static_cast<std::size_t>(member)].summary; }
  std::string const& key(Index member) const { return members_[static_cast<std::size_t>(member)].key; }
  Panel const& panel(Index number) const { return plan_.panels[static_cast<std::size_t>(number)]; }
  Index columns(Index number) const;
  Matrix<double> row_norms(Panel const& panel, Index begin, Index count) const;
  void read_rows(Index number, Index begin, MatrixView<T> out) const;
  void load(Index number, HeldBases<T>& held);
  LoadingsOf<T> loadings(HeldLoadings<T>& held, Index number, Index slot);
  void add_rows(Tile const& tile, Index begin, Index count, Matrix<double>& sum);
  void add_product(MatrixView<T const> left, MatrixView<T const> right, Matrix<double>& sum);

  BasisStore const& store_;
  std::vector<TileMember> const& members_;
  TilePlan const& plan_;
  PanelLimits limits_;
  HeldBases<T> row_bases_, col_bases_;
  HeldLoadings<T> row_held_, col_held_;
  Matrix<T> part_;
};

}  // namespace confer
