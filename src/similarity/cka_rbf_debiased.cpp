/// Centred kernel alignment with Gaussian kernels and the unbiased HSIC estimator.
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

Measure const measures::cka_rbf_debiased = {
    .name = "cka_rbf_debiased",
    .long_name = "centred kernel alignment of Gaussian kernels (debiased)",
    .formula = "<Ku, Lu> / (||Ku||_F ||Lu||_F), Ku, Lu the U-centred kernels of cka_rbf; needs 4 samples",
    .reference = "Song et al. 2012; Kornblith et al. 2019",
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
    .kernel = Kernel::gaussian,
    .kernel_score = score,
    .kernel_chance = chance,
};

}  // namespace confer
