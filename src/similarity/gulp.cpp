/// GULP distance: how far apart the predictions of ridge regressions on the two representations can be, over all
/// targets. Both sides are scaled to unit total variance, so the penalty is a share of it: directions with less than
/// one hundredth of the variance hardly count. Without penalty it is rank x + rank y - 2 sum rho^2.
#include <cmath>
#include <limits>
#include <vector>

#include "similarity/measures.hpp"

namespace confer {

namespace {

constexpr double lambda = 0.01;

std::vector<double> shrinkage(Side const& side) {
  std::vector<double> result;
  for (double s : side.singular_values) result.push_back(s * s / (s * s + lambda * side.total_variance));
  return result;
}

double score(PairStats const& pair) {
  auto const f = shrinkage(pair.x), g = shrinkage(pair.y);
  double squared = 0;
  for (double value : f) squared += value * value;
  for (double value : g) squared += value * value;
  for (Index j = 0; j < pair.cross.cols; ++j)
    for (Index i = 0; i < pair.cross.rows; ++i)
      squared -=
          2 * f[static_cast<std::size_t>(i)] * g[static_cast<std::size_t>(j)] * pair.cross(i, j) * pair.cross(i, j);
  return std::sqrt(std::max(0.0, squared));
}

}  // namespace

Measure const measures::gulp = {
    .name = "gulp",
    .long_name = "GULP distance, penalty 1/100 of the total variance",
    .formula =
        "sqrt(sum f^2 + sum g^2 - 2 sum_ij f_i g_j M_ij^2), f = s^2/(s^2 + 0.01 sum s^2) of x, g of y, M = Ux'Uy",
    .reference = "Boix-Adsera et al. 2022",
    .kind = MeasureKind::distance,
    .lowest = 0,
    .highest = std::numeric_limits<double>::infinity(),
    .symmetric = true,
    .row_invariances = up_to_rotation,
    .column_invariances = up_to_rotation,
    .needs = needs_cross,
    .core = false,
    .score = score,
    .chance = nullptr,
};

}  // namespace confer
