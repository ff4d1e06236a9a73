/// Fitting the two rates of a pair, and the rate of its mean output.
#include <nlopt.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>

#include "confer/theory/dynamics.hpp"
#include "theory/pair_trajectory.hpp"

namespace confer {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kCoarse = 1e-6, kFine = 1e-9;  // accuracy of solutions while searching and at the end
constexpr double kUseless = 1e300;              // objective where the solution does not exist

struct Weights {
  double h = 1, y = 1, w = 1;
};

double squared_range(std::vector<double> const& values) {
  auto const [low, high] = std::minmax_element(values.begin(), values.end());
  return (*high - *low) * (*high - *low);
}

double squared_error(std::vector<double> const& a, std::vector<double> const& b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += (a[k] - b[k]) * (a[k] - b[k]);
  return sum;
}

double weighted_error(PairCurves const& theory, PairCurves const& measured, Weights const& weights) {
  double const sum = weights.h * squared_error(theory.h, measured.h) + weights.y * squared_error(theory.y, measured.y) +
                     weights.w * squared_error(theory.w, measured.w);
  return std::isfinite(sum) ? sum : kUseless;
}

// A few times of the series, evenly spread: enough to tell starting points apart.
PairSeries thinned(PairSeries const& series, std::size_t most) {
  std::size_t const n = series.times.size();
  if (n <= most) return series;
  PairSeries few;
  few.target_distance = series.target_distance;
  for (std::size_t i = 0; i < most; ++i) {
    std::size_t const k = i * (n - 1) / (most - 1);
    few.times.push_back(series.times[k]);
    few.measured.h.push_back(series.measured.h[k]);
    few.measured.y.push_back(series.measured.y[k]);
    few.measured.w.push_back(series.measured.w[k]);
  }
  return few;
}

// Ratios a/b from which to start: where a run that is rich, or one that follows the closed form, would end at the h
// that was measured last; and decades around them.
std::vector<double> starting_ratios(PairSeries const& series) {
  auto const [h0, y0, w0] = series.initial();
  double const h = series.measured.h.back(), target = series.target_distance;
  std::vector<double> centres;
  if (target > 0 && h > 0) {
    centres.push_back(h * h / target);
    double const closed = h * (h - h0) / (target - y0 * h / h0);
    if (std::isfinite(closed) && closed > 0) centres.push_back(closed);
  }
  if (y0 > 0) {
    // Of a pair with equal targets: h_final = a_high = h0 - (a/b) y0/h0.
    if (h0 > h) centres.push_back((h0 - h) * h0 / y0);
    if (target == 0 || h0 <= h) centres.push_back(h0 * h0 / y0);
  }
  if (centres.empty()) centres.push_back(h0 * h0 / std::max(target, std::numeric_limits<double>::min()));
  std::vector<double> ratios = centres;
  for (double const factor : {1e-1, 1e1, 1e-2, 1e2, 0.3, 3.0}) ratios.push_back(centres.front() * factor);
  return ratios;
}

struct Start {
  double log_ratio, log_output, error;
};

constexpr Index kGridPoints = 120;
constexpr double kSlowest = 1e-3, kFastest = 1e6;  // dimensionless length of the run, b H T

std::vector<Start> scan(PairSeries const& series, PairOde ode, Weights const& weights) {
  PairSeries const few = thinned(series, 32);
  std::vector<Start> starts;
  PairCurves curves;
  for (double const ratio : starting_ratios(series)) {
    PairTrajectory const trajectory(ode, series.initial(), ratio, series.target_distance, kFastest, kCoarse);
    Start best{std::log(ratio), 0, kUseless};
    for (Index i = 0; i < kGridPoints; ++i) {
      double const exponent = static_cast<double>(i) / static_cast<double>(kGridPoints - 1);
      double const output =
          kSlowest * std::pow(kFastest / kSlowest, exponent) / (trajectory.length() * series.times.back());
      curves.h.clear();
      curves.y.clear();
      curves.w.clear();
      trajectory.evaluate(few.times, output, curves);
      double const error = weighted_error(curves, few.measured, weights);
      if (error < best.error) best = {best.log_ratio, std::log(output), error};
    }
    if (best.error < kUseless) starts.push_back(best);
  }
  std::stable_sort(starts.begin(), starts.end(), [](Start const& a, Start const& b) { return a.error < b.error; });
  return starts;
}

struct Objective {
  PairSeries const* series;
  PairOde ode;
  Weights weights;
  double accuracy;
  PairCurves curves;

  double operator()(double log_ratio, double log_output) {
    double const ratio = std::exp(log_ratio), output = std::exp(log_output);
    double const length = PairTrajectory::length_scale(series->initial(), ratio, series->target_distance);
    PairTrajectory const trajectory(ode, series->initial(), ratio, series->target_distance,
                                    output * length * series->times.back(), accuracy);
    curves.h.clear();
    curves.y.clear();
    curves.w.clear();
    trajectory.evaluate(series->times, output, curves);
    return weighted_error(curves, series->measured, weights);
  }
};

// Minimises from a start and improves it in place.
void descend(Objective& objective, nlopt_algorithm method, Start& start, double first_step, double tolerance,
             int evaluations) {
  std::unique_ptr<nlopt_opt_s, void (*)(nlopt_opt)> optimiser(nlopt_create(method, 2), nlopt_destroy);
  nlopt_set_min_objective(
      optimiser.get(),
      [](unsigned, double const* x, double*, void* data) { return (*static_cast<Objective*>(data))(x[0], x[1]); },
      &objective);
  double x[2] = {start.log_ratio, start.log_output};
  double const lower[2] = {x[0] - 12, x[1] - 12}, upper[2] = {x[0] + 12, x[1] + 12};
  nlopt_set_lower_bounds(optimiser.get(), lower);
  nlopt_set_upper_bounds(optimiser.get(), upper);
  nlopt_set_initial_step1(optimiser.get(), first_step);
  nlopt_set_xtol_abs1(optimiser.get(), tolerance);
  nlopt_set_maxeval(optimiser.get(), evaluations);
  double error = kUseless;
  nlopt_optimize(optimiser.get(), x, &error);
  if (error < start.error) start = {x[0], x[1], error};
}

double r_squared(std::vector<double> const& theory, std::vector<double> const& measured) {
  double mean = 0;
  for (double const value : measured) mean += value / static_cast<double>(measured.size());
  double total = 0;
  for (double const value : measured) total += (value - mean) * (value - mean);
  return total > 0 ? 1.0 - squared_error(theory, measured) / total : kNaN;
}

}  // namespace

PairFit fit_pair(PairSeries const& series, PairFitOptions const& options) {
  if (series.times.size() < 3) throw std::invalid_argument("a fit of two rates needs three times or more");
  if (!(series.measured.h.front() > 0))
    throw std::invalid_argument("the initial hidden distance of a pair must be positive");
  Weights weights;
  if (options.objective == FitObjective::range_normalised) {
    auto const inverse = [](double range) { return range > 0 ? 1.0 / range : 0.0; };
    weights = {inverse(squared_range(series.measured.h)), inverse(squared_range(series.measured.y)),
               inverse(squared_range(series.measured.w))};
  }
  PairFit fit;
  auto starts = scan(series, options.ode, weights);
  if (starts.empty()) {
    fit.rates = {kNaN, kNaN};
    fit.sse = fit.r2_h = fit.r2_y = fit.r2_w = kNaN;
    fit.theory.h = fit.theory.y = fit.theory.w = std::vector<double>(series.times.size(), kNaN);
    fit.regime = {kNaN, kNaN, kNaN, kNaN};
    return fit;
  }
  Objective objective{&series, options.ode, weights, kCoarse, {}};
  starts.resize(std::min<std::size_t>(starts.size(), 3));
  for (auto& start : starts) {
    start.error = objective(start.log_ratio, start.log_output);
    descend(objective, NLOPT_LN_NELDERMEAD, start, 0.3, 1e-2, 60);
  }
  Start best =
      *std::min_element(starts.begin(), starts.end(), [](Start const& a, Start const& b) { return a.error < b.error; });
  descend(objective, NLOPT_LN_NELDERMEAD, best, 0.05, 1e-3, 100);
  objective.accuracy = kFine;
  best.error = objective(best.log_ratio, best.log_output);
  // A quadratic model converges fast near the minimum. Starting it afresh shows whether it had got stuck in a valley.
  for (double const step : {1e-2, 2e-3, 1e-3, 1e-3}) {
    double const before = best.error;
    descend(objective, NLOPT_LN_BOBYQA, best, step, 1e-10, 100);
    if (best.error > before * (1 - 1e-9)) break;
  }
  double const output = std::exp(best.log_output);
  fit.rates = {std::exp(best.log_ratio) * output, output};
  objective(best.log_ratio, best.log_output);
  fit.theory = objective.curves;
  fit.sse = weighted_error(fit.theory, series.measured, {});
  fit.r2_h = r_squared(fit.theory.h, series.measured.h);
  fit.r2_y = r_squared(fit.theory.y, series.measured.y);
  fit.r2_w = r_squared(fit.theory.w, series.measured.w);
  fit.regime = pair_regime(series.initial(), fit.rates, series.target_distance);
  fit.applies = rates_identifiable(fit, series);
  return fit;
}

bool rates_identifiable(PairFit const& fit, PairSeries const& series) {
  auto const good = [](double r2) { return r2 >= 0.9; };
  if (!good(fit.r2_h) || !good(fit.r2_y) || !good(fit.r2_w)) return false;
  auto const unmoved = [&](double h) {
    double const growth = h / series.measured.h.front();
    return growth >= 0.8 && growth <= 1.25;
  };
  return !unmoved(fit.regime.h_final) && !unmoved(series.measured.h.back());
}

MeanRateFit fit_mean_rate(PairCurves const& theory, std::span<double const> times, double target_distance,
                          double mean_error, std::span<double const> loss) {
  if (!(mean_error > 0) || times.size() < 2) return {kNaN, kNaN};
  std::vector<double> const measured(loss.begin(), loss.end());
  auto const error = [&](double log_rate) {
    return squared_error(pair_loss(theory, times, target_distance, mean_error, std::exp(log_rate)), measured);
  };
  // Time scales from far longer than the run to shorter than its first step, then golden section around the best.
  double const low = std::log(1e-4 / times.back()), high = std::log(1e2 / (times[1] - times[0]));
  constexpr int points = 60;
  double const spacing = (high - low) / (points - 1);
  double best = low, least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < points; ++i) {
    double const value = error(low + spacing * i);
    if (value < least) {
      least = value;
      best = low + spacing * i;
    }
  }
  double a = best - spacing, b = best + spacing;
  double const golden = 0.5 * (std::sqrt(5.0) - 1);
  double c = b - golden * (b - a), d = a + golden * (b - a), fc = error(c), fd = error(d);
  while (b - a > 1e-10) {
    if (fc < fd) {
      b = d;
      d = c;
      fd = fc;
      c = b - golden * (b - a);
      fc = error(c);
    } else {
      a = c;
      c = d;
      fc = fd;
      d = a + golden * (b - a);
      fd = error(d);
    }
  }
  double const rate = std::exp(0.5 * (a + b));
  return {rate, r_squared(pair_loss(theory, times, target_distance, mean_error, rate), measured)};
}

}  // namespace confer
