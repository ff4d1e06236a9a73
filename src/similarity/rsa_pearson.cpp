/// Representational similarity analysis: correlation of the dissimilarities of all pairs of samples.
#include "similarity/measures.hpp"

namespace confer {

namespace {

double score(KernelStats const& pair) { return within(-1, mean_centred(pair).cosine(), 1); }

std::optional<ChanceLevel> chance(KernelStats const& pair) {
  if (pair.rows < 4) return std::nullopt;
  return chance_mean_centred(pair);
}

}  // namespace

Measure const measures::rsa_pearson = {
    .name = "rsa_pearson",
    .long_name = "representational similarity analysis, Pearson correlation",
    .formula = "corr over i < j of D_ij and E_ij, D_ij = the dissimilarity (--dissimilarity) of samples i and j",
    .reference = "Kriegeskorte, Mur, Bandettini 2008",
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
    .kernel = Kernel::dissimilarity,
    .kernel_score = score,
    .kernel_chance = chance,
};

}  // namespace confer
