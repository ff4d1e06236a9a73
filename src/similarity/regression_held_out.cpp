/// Linear regression judged on samples it was not fitted on: the share of the column's variance that is predicted.
#include <limits>

#include "confer/linalg/dense.hpp"
#include "similarity/measures.hpp"

namespace confer {

namespace {

/// Squared error of the fitted map on the held-out samples. With B = M diag(sy): ||Ty diag(sy) - Tx B||^2 within what
/// the samples fitted on span, and what they do not span of the held-out ones is lost altogether.
double squared_error(HeldOutFold const& fold) {
  Matrix<double> map = fold.fit_cross;
  double agreement = 0, predicted = 0;
  for (Index j = 0; j < map.cols(); ++j)
    for (Index i = 0; i < map.rows(); ++i) {
      double const s = fold.y_values[static_cast<std::size_t>(j)];
      agreement += map(i, j) * fold.test_cross(i, j) * s * s;
      map(i, j) *= s;
    }
  if (map.size() > 0) {
    Matrix<double> spread(map.rows(), map.cols());
    gemm(1.0, fold.x_test_gram, Op::none, map.const_view(), Op::none, 0.0, spread.view());
    for (Index i = 0; i < map.size(); ++i) predicted += map.data()[i] * spread.data()[i];
  }
  return fold.y_test_variance - 2 * agreement + predicted;
}

double score(HeldOutStats const& pair) {
  double error = 0, variance = 0;
  for (auto const& fold : pair.folds) {
    error += squared_error(fold);
    variance += fold.y_test_variance;
  }
  return variance > 0 ? std::min(1 - error / variance, 1.0) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

Measure const measures::regression_held_out = {
    .name = "regression_held_out",
    .long_name = "cross-validated linear regression R2 of the column from the row",
    .formula =
        "1 - sum ||Y - X B||_F^2 / sum ||Y - mean||_F^2 over folds of held-out samples, B and mean of the others; "
        "below 0: worse than the mean",
    .reference = "Stone 1974; Kornblith et al. 2019",
    .kind = MeasureKind::similarity,
    .lowest = -std::numeric_limits<double>::infinity(),
    .highest = 1,
    .symmetric = false,
    .row_invariances = up_to_linear,
    .column_invariances = up_to_rotation,
    .needs = needs_factors_only,
    .core = false,
    .score = nullptr,
    .chance = nullptr,
    .statistics = StatisticsKind::held_out,
    .held_out_score = score,
};

}  // namespace confer
