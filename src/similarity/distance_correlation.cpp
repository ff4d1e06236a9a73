/// Distance correlation: dependence of any form, seen through the distances between samples.
#include <cmath>

#include "similarity/measures.hpp"

namespace confer {

namespace {

double score(KernelStats const& pair) { return std::sqrt(within(0, doubly_centred(pair).cosine(), 1)); }

}  // namespace

Measure const measures::distance_correlation = {
    .name = "distance_correlation",
    .long_name = "distance correlation (biased)",
    .formula = "sqrt(<HDH, HEH> / (||HDH||_F ||HEH||_F)), D_ij = |x_i - x_j|, E_ij = |y_i - y_j|",
    .reference = "Szekely, Rizzo, Bakirov 2007",
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
    .kernel = Kernel::distance,
    .kernel_score = score,
};

}  // namespace confer
