#include "confer/theory/dynamics.hpp"

#include <algorithm>
#include <cmath>

#include "theory/pair_trajectory.hpp"

namespace confer {

PairState pair_derivative(PairOde ode, PairState const& state, PairRates const& rates, double target_distance) {
  auto const [h, y, w] = state;
  auto const [a, b] = rates;
  double const output = ode == PairOde::double_output ? 2.0 : 1.0, product = ode == PairOde::dropped_term ? 0.0 : 1.0;
  double const sign = ode == PairOde::flipped_sign ? -1.0 : 1.0;
  return {-a * w, -output * w * (b * h + product * a * y / h),
          -0.5 * b * h * (3 * w - y + target_distance) - sign * 0.5 * a * (y + w) * w / h};
}

double pair_invariant(PairState const& state, PairRates const& rates) {
  return rates.output * state.h - rates.hidden * state.y / state.h;
}

PairRegime pair_regime(PairState const& initial, PairRates const& rates, double target_distance) {
  double const ratio = rates.hidden / rates.output;
  PairRegime regime;
  regime.a_low = std::sqrt(ratio * target_distance);
  regime.a_high = initial.h - ratio * initial.y / initial.h;
  double const half = 0.5 * regime.a_high, root = std::hypot(half, regime.a_low);
  // For a_high < 0 the sum would cancel; the product of both roots of h^2 - a_high h - a_low^2 is -a_low^2.
  regime.h_final = half >= 0 ? half + root : regime.a_low * regime.a_low / (root - half);
  double const scale = regime.a_low + std::abs(regime.a_high);
  regime.index = scale > 0 ? regime.a_low / scale : 0.0;
  return regime;
}

char const* regime_name(PairRegime const& regime) {
  if (regime.h_final == 0) return "merger";
  if (regime.index >= 2.0 / 3.0) return "rich";
  return regime.index <= 1.0 / 3.0 && regime.a_high > 0 ? "lazy" : "between";
}

double agreeing_distance(double initial_distance, double a_high, double output_rate, double time) {
  if (a_high == 0) return initial_distance / (1 + output_rate * initial_distance * time);
  return a_high / (1 + (a_high / initial_distance - 1) * std::exp(-output_rate * a_high * time));
}

PairCurves solve_pair(PairOde ode, PairState const& initial, PairRates const& rates, double target_distance,
                      std::span<double const> times) {
  double const ratio = rates.hidden / rates.output;
  double const speed = rates.output * PairTrajectory::length_scale(initial, ratio, target_distance);
  PairTrajectory const trajectory(ode, initial, ratio, target_distance, speed * (times.empty() ? 0.0 : times.back()),
                                  1e-10);
  PairCurves curves;
  trajectory.evaluate(times, rates.output, curves);
  return curves;
}

std::vector<double> pair_loss(PairCurves const& curves, std::span<double const> times, double target_distance,
                              double mean_error, double mean_rate) {
  std::vector<double> loss;
  loss.reserve(times.size());
  for (std::size_t k = 0; k < times.size(); ++k)
    loss.push_back(0.25 * (2 * mean_error * std::exp(-2 * mean_rate * times[k]) + curves.w[k] +
                           0.5 * (target_distance - curves.y[k])));
  return loss;
}

}  // namespace confer
