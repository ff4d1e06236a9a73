/// Debiased linear CKA from batches of samples, as published tables have it: the batches' unbiased HSIC are summed
/// before the ratio is taken. It depends on the batch size and on the order of the samples; cka_debiased does not.
#include "similarity/measures.hpp"

namespace confer {

namespace {

double score(KernelStats const& pair) {
  return within(-1, CentredProducts{pair.xy.off, pair.xx.off, pair.yy.off}.cosine(), 1);
}

}  // namespace

Measure const measures::cka_minibatch = {
    .name = "cka_minibatch",
    .long_name = "linear centred kernel alignment (debiased, summed over batches of samples)",
    .formula = "sum_b h_b(K, L) / sqrt(sum_b h_b(K, K) sum_b h_b(L, L)), h_b(K, L) = <Ku, Lu> / (m (m - 3)) of batch b of m = "
               "--batch samples in stored order",
    .reference = "Nguyen, Raghu, Kornblith 2021",
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
    .kernel = Kernel::minibatch,
    .kernel_score = score,
};

}  // namespace confer
