/// Linear centred kernel alignment, biased: the cosine between the two centred Gram matrices.
#include <cmath>

#include "confer/similarity/chance.hpp"
#include "similarity/measures.hpp"

namespace confer {

namespace {

double score(PairStats const& pair) {
  double const norms = std::sqrt(pair.x.sum_fourth_powers) * std::sqrt(pair.y.sum_fourth_powers);
  return within(0, pair.squared_cross_covariance() / norms, 1);
}

double kernel_score(KernelStats const& pair) { return within(0, doubly_centred(pair).cosine(), 1); }

std::optional<ChanceLevel> chance(PairStats const& pair) { return chance_cka(pair.x, pair.y); }

}  // namespace

Measure const measures::cka = {
    .name = "cka",
    .long_name = "linear centred kernel alignment (biased)",
    .formula = "||X'Y||_F^2 / (||X'X||_F ||Y'Y||_F)",
    .reference = "Kornblith et al. 2019",
    .kind = MeasureKind::similarity,
    .lowest = 0,
    .highest = 1,
    .symmetric = true,
    .row_invariances = up_to_rotation,
    .column_invariances = up_to_rotation,
    .needs = needs_cross,
    .core = true,
    .score = score,
    .chance = chance,
    .kernel_score = kernel_score,
};

}  // namespace confer
