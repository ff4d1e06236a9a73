/// Ridge regression of the column from the row, penalty by generalised cross-validation: the share of variance
/// explained in the samples at hand.
#include "similarity/measures.hpp"
#include "similarity/ridge_fit.hpp"

namespace confer {

namespace {

double score(PairStats const& pair) { return within(0, cross_validated_ridge(pair).explained, 1); }

}  // namespace

Measure const measures::ridge = {
    .name = "ridge",
    .long_name = "ridge regression R2 of the column from the row, in sample",
    .formula =
        "sum_i (2 f_i - f_i^2) ||(M Sy)_i||^2 / ||Sy||^2, f = s^2/(s^2 + lambda) of x, lambda by generalised "
        "cross-validation",
    .reference = "Hoerl, Kennard 1970; Golub, Heath, Wahba 1979",
    .kind = MeasureKind::similarity,
    .lowest = 0,
    .highest = 1,
    .symmetric = false,
    .row_invariances = up_to_rotation,
    .column_invariances = up_to_rotation,
    .needs = needs_cross,
    .core = false,
    .score = score,
    .chance = nullptr,
};

}  // namespace confer
