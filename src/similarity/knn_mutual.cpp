/// Mutual nearest neighbours: how many neighbours of a sample the two representations agree on.
#include "similarity/measures.hpp"
#include "similarity/neighbours.hpp"

namespace confer {

namespace {

double share(Index overlap, Index k) { return static_cast<double>(overlap) / static_cast<double>(k); }

double score(NeighbourStats const& pair) {
  double total = 0;
  for (Index const overlap : overlaps(pair)) total += share(overlap, pair.k);
  return total / static_cast<double>(pair.rows);
}

std::optional<ChanceLevel> chance(NeighbourGraph const& x, NeighbourGraph const& y) {
  return chance_of_overlap(x, y, share);
}

}  // namespace

Measure const measures::knn_mutual = {
    .name = "knn_mutual",
    .long_name = "mutual nearest neighbours",
    .formula = "mean over samples i of |N_x(i) & N_y(i)| / k, N(i) = the k nearest others (--neighbours, --neighbour-metric)",
    .reference = "Huh et al. 2024",
    .kind = MeasureKind::similarity,
    .lowest = 0,
    .highest = 1,
    .symmetric = true,
    .row_invariances = invariant_scale | invariant_permutation | invariant_orthogonal,
    .column_invariances = invariant_scale | invariant_permutation | invariant_orthogonal,
    .needs = needs_factors_only,
    .core = false,
    .score = nullptr,
    .chance = nullptr,
    .statistics = StatisticsKind::neighbours,
    .neighbour_score = score,
    .neighbour_chance = chance,
};

}  // namespace confer
