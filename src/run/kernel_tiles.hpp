/// The kernel of a tile of samples of one representation, from its prepared rows.
#pragma once

#include <span>
#include <vector>

#include "confer/io/row_store.hpp"
#include "confer/linalg/matrix.hpp"
#include "run/chosen_products.hpp"
#include "run/kernel_engine.hpp"
#include "run/kernel_plan.hpp"

namespace confer {

/// Prepared rows, and what is known of each of them in the precision of the kernels.
template <class T>
struct TileRows {
  MappedRows rows;
  std::vector<T> squared_norms;
  std::vector<T> shifts;  ///< of distances; or none

  explicit TileRows(MappedRows mapped);
  RowFacts const& facts() const { return rows.facts(); }
  /// Whether rows are more precise than kernels: then these are made in double precision, and rounded.
  bool wide() const { return facts().value_bytes > static_cast<Index>(sizeof(T)); }
};

/// Keeps its memory for the next tile.
template <class T>
class TileMaker {
 public:
  /// Inner products of the samples of a tile, of one on the diagonal at least what `diagonal` says. left_out: empty, or
  /// the samples that rows of tiles are places among, ascending. Nothing is done where rows are wide.
  void products(TileRows<T> const& rows, KernelTile const& tile, std::span<Index const> left_out, ProductPart diagonal,
                MatrixView<T> g);
  /// Turns inner products into a kernel, in place; wide rows and ranks need none. Of whole kernels only one of the
  /// triangles is kept, of the pairs of two samples that are both left out only one.
  void make_kernel(KernelChoice const& choice, KernelConstants const& constants, TileRows<T> const& rows,
                   KernelTile const& tile, std::span<Index const> left_out, MatrixView<T> g);

 private:
  ChosenProducts<T> chosen_products_;
  ChosenProducts<double> wide_chosen_products_;
  Matrix<double> wide_;
};

}  // namespace confer
