/// Procrustes similarity judged on samples the rotation was not fitted on.
#include <cmath>
#include <limits>

#include "confer/linalg/dense.hpp"
#include "similarity/measures.hpp"

namespace confer {

namespace {

/// <X_test R, Y_test> for the rotation R that fits best on the other samples.
double agreement(HeldOutFold const& fold) {
  Matrix<double> cross = fold.fit_cross;
  if (cross.size() == 0) return 0;
  auto const scale = [&](Index i, Index j) {
    return fold.x_values[static_cast<std::size_t>(i)] * fold.y_values[static_cast<std::size_t>(j)];
  };
  for (Index j = 0; j < cross.cols(); ++j)
    for (Index i = 0; i < cross.rows(); ++i) cross(i, j) *= scale(i, j);
  Svd const decomposition = svd(cross);
  Matrix<double> rotation(cross.rows(), cross.cols());
  gemm(1.0, decomposition.u.const_view(), Op::none, decomposition.vt.const_view(), Op::none, 0.0, rotation.view());
  double sum = 0;
  for (Index j = 0; j < cross.cols(); ++j)
    for (Index i = 0; i < cross.rows(); ++i) sum += rotation(i, j) * fold.test_cross(i, j) * scale(i, j);
  return sum;
}

double score(HeldOutStats const& pair) {
  double sum = 0, x = 0, y = 0;
  for (auto const& fold : pair.folds) {
    sum += agreement(fold);
    x += fold.x_test_variance;
    y += fold.y_test_variance;
  }
  double const norms = std::sqrt(x) * std::sqrt(y);
  return norms > 0 ? within(-1, sum / norms, 1) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

Measure const measures::procrustes_held_out = {
    .name = "procrustes_held_out",
    .long_name = "cross-validated orthogonal Procrustes similarity",
    .formula =
        "sum <X R, Y> / sqrt(sum ||X||_F^2 sum ||Y||_F^2) over folds of held-out samples, R and means of the others",
    .reference = "Schoenemann 1966; Williams et al. 2021",
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
    .statistics = StatisticsKind::held_out,
    .held_out_score = score,
};

}  // namespace confer
