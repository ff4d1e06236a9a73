/// Computes all chosen measures for the pairs of a tile in one visit: one product of two panels, then spectra, scores.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "confer/io/basis_store.hpp"
#include "confer/model/factor_summary.hpp"
#include "confer/model/tile_plan.hpp"
#include "confer/similarity/measure.hpp"
#include "run/panel_products.hpp"
#include "run/pair_table.hpp"

namespace confer {

struct TileEngineOptions {
  std::vector<Measure const*> measures;
  bool exact = false;
  bool coefficients = false;  ///< also keep every pair's canonical correlations
  PanelLimits limits = {};
};

/// The side of a pair that a measure sees. The summary must outlive it.
Side side_of(FactorSummary const& summary);

/// What the spectra of a pair need, over all measures.
unsigned combined_needs(std::vector<Measure const*> const& measures);

/// Whether a measure reads M' for the other direction of a pair.
bool needs_transposed(std::vector<Measure const*> const& measures);

/// Value of a measure between a representation and itself, from the factor alone (M is the identity).
double self_score(Measure const& measure, FactorSummary const& summary);

class TileEngine {
 public:
  /// The store and the members must outlive the engine. `selected` says whether a pair is to be computed.
  TileEngine(BasisStore const& store, std::vector<TileMember> members, TilePlan const& plan, TileEngineOptions options,
             std::function<bool(Index row, Index col)> selected);
  ~TileEngine();

  /// Scores of all selected pairs of the tile. `poll` is called between pieces of at most about a second.
  std::vector<PairScores> compute(Tile const& tile, std::function<void()> const& poll);

  /// The same in two steps, for tiles of more than one slice of rows: sums of slices [begin, end) of the product, which
  /// may be added up from several ranks, and the scores from the sum of all.
  Matrix<Index> sum_slices(Tile const& tile, Index begin, Index end, std::function<void()> const& poll);
  std::vector<PairScores> compute(Tile const& tile, Matrix<Index> const& sum, std::function<void()> const& poll);

 private:
  template <class T>
  struct Worker;
  std::unique_ptr<Worker<float>> fast_;
  std::unique_ptr<Worker<double>> exact_;
};

}  // namespace confer
