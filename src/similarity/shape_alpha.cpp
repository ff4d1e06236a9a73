/// Generalised shape distance half-way between Procrustes and CCA: each side's singular values are drawn half-way to
/// their root mean square before the best rotation is sought. Whitening by the eigenvalues as they come, as is usual,
/// makes the result depend on units and on the number of samples; here they are taken relative to their mean.
#include <cmath>
#include <numbers>
#include <vector>

#include "confer/linalg/dense.hpp"
#include "similarity/measures.hpp"

namespace confer {

namespace {

constexpr double alpha = 0.5;

std::vector<double> partly_whitened(Side const& side) {
  double const level = std::sqrt(side.total_variance / static_cast<double>(side.rank()));
  std::vector<double> result;
  for (double s : side.singular_values) result.push_back(alpha * s + (1 - alpha) * level);
  return result;
}

double score(PairStats const& pair) {
  auto const v = partly_whitened(pair.x), w = partly_whitened(pair.y);
  Matrix<double> scaled(pair.cross.rows, pair.cross.cols);
  for (Index j = 0; j < scaled.cols(); ++j)
    for (Index i = 0; i < scaled.rows(); ++i)
      scaled(i, j) = v[static_cast<std::size_t>(i)] * pair.cross(i, j) * w[static_cast<std::size_t>(j)];
  auto const squares = [](std::vector<double> const& a) {
    return std::inner_product(a.begin(), a.end(), a.begin(), 0.0);
  };
  return std::acos(within(0, sum(singular_values(scaled)) / std::sqrt(squares(v) * squares(w)), 1));
}

}  // namespace

Measure const measures::shape_alpha = {
    .name = "shape_alpha",
    .long_name = "generalised shape distance, alpha = 1/2",
    .formula = "arccos(||V M W||_* / (||V||_F ||W||_F)), V = diag((s + rms s)/2) of x, W of y, M = Ux'Uy",
    .reference = "Williams et al. 2021",
    .kind = MeasureKind::distance,
    .lowest = 0,
    .highest = std::numbers::pi / 2,
    .symmetric = true,
    .row_invariances = up_to_rotation,
    .column_invariances = up_to_rotation,
    .needs = needs_cross,
    .core = false,
    .score = score,
    .chance = nullptr,
};

}  // namespace confer
