/// Effective theory of how a network learns to tell two inputs apart, and its fit to a training run.
///
/// For inputs 1, 2 with targets y1*, y2*, at one hidden layer, over training time t (all distances squared):
///   h = |h(x2) - h(x1)|^2,  y = |yhat2 - yhat1|^2,  w = y - <yhat2 - yhat1, y2* - y1*>,
///   X = |x2 - x1|^2,  Y = |y2* - y1*|^2.
///   dh/dt = -a w,   dy/dt = -w (b h + a y/h),   dw/dt = -b h (3w - y + Y)/2 - a (y + w) w / (2h),
/// a = eta_h X and b = eta_y. Only the product eta_h X matters, so X need not be known. eta = 1/(2 tau) for gradient
/// flow with time constant tau. Source: van Rossem & Saxe, "When representations align: universality in representation
/// learning dynamics", ICML 2024; the invariant and the reduction are derived in dynamics.cpp.
#pragma once

#include <span>
#include <vector>

#include "confer/core/types.hpp"

namespace confer {

/// The two effective rates, per unit of time (training step).
struct PairRates {
  double hidden = 0;  ///< a = eta_h X
  double output = 0;  ///< b = eta_y
};

/// h, y and w at one time.
struct PairState {
  double h = 0, y = 0, w = 0;
};

/// The equations of motion, and deliberately wrong ones: a fit of the true ones should be much better.
enum class PairOde { two_point, double_output, flipped_sign, dropped_term };

/// Time derivative of the state.
PairState pair_derivative(PairOde ode, PairState const& state, PairRates const& rates, double target_distance);

/// b h - a y/h, which the true equations leave unchanged.
double pair_invariant(PairState const& state, PairRates const& rates);

/// What the theory says before anything is integrated.
struct PairRegime {
  double a_low = 0;    ///< sqrt(a Y / b): the final distance when the initial one is small
  double a_high = 0;   ///< h(0) - (a/b) y(0)/h(0)
  double h_final = 0;  ///< a_high/2 + sqrt(a_high^2/4 + a_low^2)
  double index = 0;    ///< a_low / (a_low + |a_high|): near 1 rich, near 0 lazy (a_high > 0) or merger (a_high < 0)
};
PairRegime pair_regime(PairState const& initial, PairRates const& rates, double target_distance);

/// The name of a regime: "rich" (index >= 2/3), "lazy" (index <= 1/3), "merger" (h_final = 0), else "between".
char const* regime_name(PairRegime const& regime);

/// h(t) of two inputs with equal targets (Y = 0, hence w = y), in closed form.
double agreeing_distance(double initial_distance, double a_high, double output_rate, double time);

/// h, y and w over time.
struct PairCurves {
  std::vector<double> h, y, w;
};

/// A run seen as one pair: times (first 0, increasing), the measured curves and Y. Sizes agree; h[0] > 0.
struct PairSeries {
  std::vector<double> times;
  PairCurves measured;
  double target_distance = 0;

  PairState initial() const { return {measured.h.front(), measured.y.front(), measured.w.front()}; }
};

/// Solves the equations from an initial state and evaluates them at increasing times. Relative accuracy about 1e-9.
/// A solution that grows without bound is NaN from there on. Throws std::invalid_argument when h is not positive.
PairCurves solve_pair(PairOde ode, PairState const& initial, PairRates const& rates, double target_distance,
                      std::span<double const> times);

/// What a fit minimises: the plain sum of squared errors of h, y and w, or each in units of its measured range.
enum class FitObjective { plain, range_normalised };

struct PairFitOptions {
  PairOde ode = PairOde::two_point;
  FitObjective objective = FitObjective::plain;
};

/// The rates that fit best, how well, and whether they mean anything.
struct PairFit {
  PairRates rates;
  double sse = 0;                       ///< plain sum of squared errors over h, y and w
  double r2_h = 0, r2_y = 0, r2_w = 0;  ///< 1 - SSE / SST of each; NaN for a variable that never changes
  PairCurves theory;                    ///< at the times of the series
  PairRegime regime;
  bool applies = false;  ///< see rates_identifiable
};

/// Fits both rates. Log rates; the grid of starting points covers the time scale and the ratio of rates around the one
/// that the last h suggests; Nelder-Mead from the best few. Needs three times or more; deterministic.
PairFit fit_pair(PairSeries const& series, PairFitOptions const& options = {});

/// The stated rule: false when any R2 is below .9 (or unknown) or the final h, by theory or measured, is within
/// .8 to 1.25 of the initial h. Then the rates are not identifiable or the theory does not apply.
bool rates_identifiable(PairFit const& fit, PairSeries const& series);

/// Loss of the pair, the mean over both of half the squared error:
/// (2 m0 exp(-2 eta_ybar t) + w + (Y - y)/2) / 4, m0 the initial squared error of the mean output.
std::vector<double> pair_loss(PairCurves const& curves, std::span<double const> times, double target_distance,
                              double mean_error, double mean_rate);

/// The rate eta_ybar at which the mean output approaches the mean target, from the loss.
struct MeanRateFit {
  double rate = 0;  ///< NaN when mean_error is 0: nothing to learn
  double r2 = 0;
};
MeanRateFit fit_mean_rate(PairCurves const& theory, std::span<double const> times, double target_distance,
                          double mean_error, std::span<double const> loss);

}  // namespace confer
