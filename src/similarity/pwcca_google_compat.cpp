/// What pwcca.py of google/svcca computes under the name PWCCA, for reproducing numbers that were made with it. It
/// takes the side with fewer neurons (of equal ones the row); where that is the second one, the original stops with an
/// error.
#include <limits>

#include "similarity/measures.hpp"

namespace confer {

namespace {

double score(PairStats const& pair) {
  auto const weights = pair.google_weights;
  if (weights.empty()) return std::numeric_limits<double>::quiet_NaN();
  double const weighted = std::inner_product(weights.begin(), weights.end(), pair.canonical_correlations.begin(), 0.0);
  return within(0, weighted / sum(weights), 1);
}

}  // namespace

Measure const measures::pwcca_google_compat = {
    .name = "pwcca_google_compat",
    .long_name = "PWCCA as computed by pwcca.py of google/svcca, for reproduction only (not part of all)",
    .formula =
        "sum_i a_i rho_i / sum_i a_i with weights from directions that are not whitened, to which the means are "
        "added, and from activations that are not centred; needs independent neurons",
    .reference = "github.com/google/svcca, 2019",
    .kind = MeasureKind::similarity,
    .lowest = 0,
    .highest = 1,
    .symmetric = false,
    .row_invariances = invariant_scale,
    .column_invariances = invariant_translation | invariant_scale,
    .needs = needs_canonical | needs_means,
    .core = false,
    .score = score,
    .chance = nullptr,
};

}  // namespace confer
