/// Projection-weighted CCA without a preferred side: the mean of both directions.
#include "similarity/measures.hpp"

namespace confer {

namespace {

double weighted_mean(std::span<double const> weights, std::span<double const> rho) {
  return std::inner_product(weights.begin(), weights.end(), rho.begin(), 0.0) / sum(weights);
}

double score(PairStats const& pair) {
  auto const rho = pair.canonical_correlations;
  return within(0, (weighted_mean(pair.canonical_weights, rho) + weighted_mean(pair.canonical_weights_column, rho)) / 2,
                1);
}

}  // namespace

Measure const measures::pwcca_mean = {
    .name = "pwcca_mean",
    .long_name = "projection-weighted canonical correlation, mean of both directions",
    .formula = "(pwcca(x, y) + pwcca(y, x)) / 2",
    .reference = "Morcos, Raghu, Bengio 2018",
    .kind = MeasureKind::similarity,
    .lowest = 0,
    .highest = 1,
    .symmetric = true,
    .row_invariances = neuron_wise,
    .column_invariances = neuron_wise,
    .needs = needs_canonical | needs_weights,
    .core = false,
    .score = score,
    .chance = nullptr,
};

}  // namespace confer
