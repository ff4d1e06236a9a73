/// Mean principal angle between the leading singular directions that SVCCA keeps.
#include <cmath>
#include <numbers>

#include "similarity/measures.hpp"

namespace confer {

namespace {

double score(PairStats const& pair) {
  double angles = 0;
  for (double rho : pair.truncated_correlations) angles += std::acos(within(0, rho, 1));
  return angles / static_cast<double>(pair.truncated_correlations.size());
}

}  // namespace

Measure const measures::principal_angle_mean = {
    .name = "principal_angle_mean",
    .long_name = "mean principal angle of the leading singular directions",
    .formula = "mean_i arccos rho_i, rho = singular values of (Ux'Uy)[:kx, :ky]",
    .reference = "Bjorck, Golub 1973",
    .kind = MeasureKind::distance,
    .lowest = 0,
    .highest = std::numbers::pi / 2,
    .symmetric = true,
    .row_invariances = up_to_rotation,
    .column_invariances = up_to_rotation,
    .needs = needs_truncated,
    .core = false,
    .score = score,
    .chance = nullptr,
};

}  // namespace confer
