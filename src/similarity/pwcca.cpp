/// Projection-weighted CCA with the weights of the row's neurons. When correlations tie, the variates inside the tie,
/// and with them the L1 weights, are arbitrary; the value is then one of several.
#include "confer/similarity/chance.hpp"
#include "similarity/measures.hpp"

namespace confer {

namespace {

double score(PairStats const& pair) {
  auto const weights = pair.canonical_weights;
  double const weighted = std::inner_product(weights.begin(), weights.end(), pair.canonical_correlations.begin(), 0.0);
  return within(0, weighted / sum(weights), 1);
}

std::optional<ChanceLevel> chance(PairStats const& pair) { return chance_weighted_correlation(pair.x, pair.y); }

}  // namespace

Measure const measures::pwcca = {
    .name = "pwcca",
    .long_name = "projection-weighted canonical correlation, weights of the row",
    .formula = "sum_i a_i rho_i / sum_i a_i, a_i = sum_j |<h_i, x_j>| over the row's neurons x_j",
    .reference = "Morcos, Raghu, Bengio 2018",
    .kind = MeasureKind::similarity,
    .lowest = 0,
    .highest = 1,
    .symmetric = false,
    .row_invariances = neuron_wise,
    .column_invariances = up_to_linear,
    .needs = needs_canonical | needs_weights,
    .core = true,
    .score = score,
    .chance = chance,
};

}  // namespace confer
