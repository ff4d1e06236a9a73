/// Centred kernel alignment with Gaussian kernels, biased.
#include "similarity/measures.hpp"

namespace confer {

namespace {

double score(KernelStats const& pair) { return within(0, doubly_centred(pair).cosine(), 1); }

std::optional<ChanceLevel> chance(KernelStats const& pair) { return chance_doubly_centred(pair); }

}  // namespace

Measure const measures::cka_rbf = {
    .name = "cka_rbf",
    .long_name = "centred kernel alignment of Gaussian kernels (biased)",
    .formula = "<HKH, HLH> / (||HKH||_F ||HLH||_F), K_ij = exp(-|x_i - x_j|^2 / (2 sigma^2)), "
               "sigma = --bandwidth times the median distance",
    .reference = "Kornblith et al. 2019",
    .kind = MeasureKind::similarity,
    .lowest = 0,
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
