/// One-to-one matching: how alike the neurons are when each may be used once.
#include <limits>

#include "similarity/measures.hpp"

namespace confer {

namespace {

double score(PairStats const& pair) {
  if (pair.matched_neurons == 0) return std::numeric_limits<double>::quiet_NaN();
  return within(-1, pair.matched_correlations / static_cast<double>(pair.matched_neurons), 1);
}

}  // namespace

Measure const measures::match_one_to_one = {
    .name = "match_one_to_one",
    .long_name = "mean correlation of neurons matched one to one",
    .formula = "max_P sum_i corr(x_i, y_P(i)) / min(p, q), P one to one, p and q neurons that vary",
    .reference = "Li et al. 2016",
    .kind = MeasureKind::similarity,
    .lowest = -1,
    .highest = 1,
    .symmetric = true,
    .row_invariances = neuron_wise,
    .column_invariances = neuron_wise,
    .needs = needs_matching,
    .core = false,
    .score = score,
    .chance = nullptr,
    .statistics = StatisticsKind::neurons,
};

}  // namespace confer
