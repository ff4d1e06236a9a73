/// Samples that find themselves again: to a neighbour by the column, and from there to its neighbours by the row.
#include <algorithm>

#include "similarity/measures.hpp"

namespace confer {

namespace {

double score(NeighbourStats const& pair) {
  Index back = 0;
  for (Index i = 0; i < pair.rows; ++i) {
    auto const nearest = pair.of_y(i);
    back += std::any_of(nearest.begin(), nearest.end(), [&](std::int32_t j) {
      auto const list = pair.of_x(j);
      return std::find(list.begin(), list.end(), static_cast<std::int32_t>(i)) != list.end();
    });
  }
  return static_cast<double>(back) / static_cast<double>(pair.rows);
}

}  // namespace

Measure const measures::knn_cycle = {
    .name = "knn_cycle",
    .long_name = "nearest neighbours, cycle consistency",
    .formula = "share of samples i with i in N_x(j) for some j in N_y(i)",
    .reference = "Huh et al. 2024",
    .kind = MeasureKind::similarity,
    .lowest = 0,
    .highest = 1,
    .symmetric = false,
    .row_invariances = invariant_scale | invariant_permutation | invariant_orthogonal,
    .column_invariances = invariant_scale | invariant_permutation | invariant_orthogonal,
    .needs = needs_factors_only,
    .core = false,
    .score = nullptr,
    .chance = nullptr,
    .statistics = StatisticsKind::neighbours,
    .neighbour_score = score,
};

}  // namespace confer
