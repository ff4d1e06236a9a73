/// Wilks' lambda: the share of the row's generalised variance that the column does not explain.
#include "confer/similarity/significance.hpp"
#include "similarity/measures.hpp"

namespace confer {

namespace {

double score(PairStats const& pair) { return within(0, wilks_lambda(pair.canonical_correlations), 1); }

}  // namespace

Measure const measures::wilks = {
    .name = "wilks",
    .long_name = "Wilks' lambda of the canonical correlations",
    .formula = "prod_i (1 - rho_i^2); 1: unrelated, 0: a direction is shared exactly",
    .reference = "Wilks 1935",
    .kind = MeasureKind::distance,
    .lowest = 0,
    .highest = 1,
    .symmetric = true,
    .row_invariances = up_to_linear,
    .column_invariances = up_to_linear,
    .needs = needs_canonical,
    .core = false,
    .score = score,
    .chance = nullptr,
};

}  // namespace confer
