/// Semi-matching: how well every neuron of the row is found again somewhere in the column.
#include <limits>

#include "similarity/measures.hpp"

namespace confer {

namespace {

double score(PairStats const& pair) {
  if (pair.best_correlations.empty()) return std::numeric_limits<double>::quiet_NaN();
  return within(-1, sum(pair.best_correlations) / static_cast<double>(pair.best_correlations.size()), 1);
}

}  // namespace

Measure const measures::match_semi = {
    .name = "match_semi",
    .long_name = "mean correlation of the row's neurons with their best partners in the column",
    .formula = "mean_i max_j corr(x_i, y_j) over neurons that vary",
    .reference = "Li et al. 2016",
    .kind = MeasureKind::similarity,
    .lowest = -1,
    .highest = 1,
    .symmetric = false,
    .row_invariances = neuron_wise,
    .column_invariances = neuron_wise,
    .needs = needs_factors_only,
    .core = false,
    .score = score,
    .chance = nullptr,
    .statistics = StatisticsKind::neurons,
};

}  // namespace confer
