/// Ridge regression of the column from the row: the share of variance that generalised cross-validation expects to be
/// explained for new samples. Unlike the fit in sample it stays near 0 for unrelated data, however many neurons there
/// are.
#include "similarity/measures.hpp"
#include "similarity/ridge_fit.hpp"

namespace confer {

namespace {

double score(PairStats const& pair) { return within(0, cross_validated_ridge(pair).predicted, 1); }

}  // namespace

Measure const measures::ridge_gcv = {
    .name = "ridge_gcv",
    .long_name = "ridge regression R2 of the column from the row, for new samples",
    .formula =
        "1 - GCV(lambda)/GCV(inf), GCV = ||Y - Yfit||^2 / (1 - sum f/(n-1))^2, f = s^2/(s^2 + lambda) of x, lambda "
        "where it is largest",
    .reference = "Golub, Heath, Wahba 1979",
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
