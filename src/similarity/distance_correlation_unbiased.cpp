/// The bias-corrected distance correlation: U-centred, not rooted, and negative as often as positive by chance.
#include "confer/similarity/chance.hpp"
#include "similarity/measures.hpp"

namespace confer {

namespace {

double score(KernelStats const& pair) { return within(-1, u_centred(pair).cosine(), 1); }

std::optional<ChanceLevel> chance(KernelStats const& pair) {
  if (pair.rows < 4) return std::nullopt;
  return chance_cka_debiased(pair.rows);
}

}  // namespace

Measure const measures::distance_correlation_unbiased = {
    .name = "distance_correlation_unbiased",
    .long_name = "distance correlation (squared, bias-corrected)",
    .formula = "<Du, Eu> / (||Du||_F ||Eu||_F), Du, Eu the U-centred distance matrices; needs 4 samples",
    .reference = "Szekely, Rizzo 2013",
    .kind = MeasureKind::similarity,
    .lowest = -1,
    .highest = 1,
    .symmetric = true,
    .row_invariances = up_to_rotation,
    .column_invariances = up_to_rotation,
    .needs = needs_factors_only,
    .core = false,
    .score = nullptr,
    .chance = nullptr,
    .statistics = StatisticsKind::kernel,
    .kernel = Kernel::distance,
    .kernel_score = score,
    .kernel_chance = chance,
};

}  // namespace confer
