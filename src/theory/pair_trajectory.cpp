#include "theory/pair_trajectory.hpp"

#include <algorithm>
#include <boost/numeric/odeint/stepper/controlled_runge_kutta.hpp>
#include <boost/numeric/odeint/stepper/generation.hpp>
#include <boost/numeric/odeint/stepper/runge_kutta_dopri5.hpp>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "theory/rosenbrock.hpp"

namespace confer {

namespace odeint = boost::numeric::odeint;

namespace {

constexpr double kStill = 1e-9;          // rates below this, in units of the trajectory, count as no motion
constexpr double kLogVanished = -690.0;  // ln 1e-300: the two representations have merged
constexpr double kLogUnbounded = 30.0;
constexpr int kExplicitSteps = 3000;  // an explicit method that needs more is fighting stiffness
constexpr int kMostSteps = 20000;

using State = SmallVector<3>;

// With v = q - p:
// du/dt = -kappa v
// dp/dt = (Y - h p)/2 + (1 - D) h v + kappa v ((S - D K) q + (1 - S/2) p)
// dq/dt = -D h v + kappa (1 - D K) v q
// For the true equations dq/dt = dh/dt / kappa, that is q kappa = h - A_high: the invariant. Integrating q beside u
// instead of using the invariant keeps y exact where h hardly moves and h - A_high would cancel. p, not v, because
// p = 0 is then exact for pairs with equal targets, where v = q is unstable under rounding.
template <class Rates>
void rates_of(PairTrajectory::Law const& law, State const& x, Rates& dx) {
  double const h = std::exp(x[0]), p = x[1], q = x[2], v = q - p;
  double const left = law.sign - law.output_factor * law.product_factor;
  dx[0] = -law.kappa * v;
  dx[1] = 0.5 * (law.target - h * p) + (1 - law.output_factor) * h * v +
          law.kappa * v * (left * q + (1 - 0.5 * law.sign) * p);
  dx[2] = -law.output_factor * h * v + law.kappa * (1 - law.output_factor * law.product_factor) * v * q;
}

SmallMatrix<3> jacobian_of(PairTrajectory::Law const& law, State const& x) {
  double const h = std::exp(x[0]), p = x[1], q = x[2], v = q - p;
  double const twice = law.output_factor, left = law.sign - twice * law.product_factor;
  double const half = 1 - 0.5 * law.sign, rest = law.kappa * (1 - twice * law.product_factor);
  double const pull = law.kappa * (left * q + half * p);
  return {{{0, law.kappa, -law.kappa},
           {-0.5 * h * p + (1 - twice) * h * v, (twice - 1.5) * h - pull + law.kappa * half * v,
            (1 - twice) * h + pull + law.kappa * left * v},
           {-twice * h * v, twice * h - rest * q, -twice * h + rest * (q + v)}}};
}

// Value at s in [0, 1] of the quintic with these values, slopes and curvatures at both ends of an interval of `length`.
double quintic(double s, double length, double f0, double g0, double c0, double f1, double g1, double c1) {
  double const r = 1 - s, square = 0.5 * length * length;
  return r * r * r * (f0 * (1 + 3 * s + 6 * s * s) + length * g0 * s * (1 + 3 * s) + square * c0 * s * s) +
         s * s * s * (f1 * (1 + 3 * r + 6 * r * r) - length * g1 * r * (1 + 3 * r) + square * c1 * r * r);
}

}  // namespace

double PairTrajectory::length_scale(PairState const& initial, double ratio, double target_distance) {
  double const a_high = initial.h - ratio * initial.y / initial.h;
  return std::max({initial.h, std::abs(a_high), std::sqrt(ratio * target_distance)});
}

PairTrajectory::PairTrajectory(PairOde ode, PairState const& initial, double ratio, double target_distance, double end,
                               double accuracy)
    : ode_(ode), length_(length_scale(initial, ratio, target_distance)) {
  if (!(initial.h > 0)) throw std::invalid_argument("the initial hidden distance of a pair must be positive");
  output_unit_ = length_ * length_ / ratio;
  a_high_ = (initial.h - ratio * initial.y / initial.h) / length_;
  double const h = initial.h / length_, q = initial.y / output_unit_ / h, v = initial.w / output_unit_ / h;
  double const target = target_distance / output_unit_;
  double const size = std::max({target, std::abs(q), std::abs(v)});
  law_ = {ode == PairOde::double_output ? 2.0 : 1.0, ode == PairOde::dropped_term ? 0.0 : 1.0,
          ode == PairOde::flipped_sign ? -1.0 : 1.0, size > 0 ? std::min(1.0, size) : 1.0, 0};
  law_.target = target / law_.kappa;
  start_[0] = std::log(h);
  start_[1] = (q - v) / law_.kappa;
  start_[2] = q / law_.kappa;
  integrate(end, accuracy);
}

void PairTrajectory::integrate(double end, double accuracy) {
  double const absolute = 0.1 * accuracy, still = std::max(kStill, accuracy);
  State x{start_[0], start_[1], start_[2]};
  double time = 0;
  auto const record = [&] {
    Node node{time, {x[0], x[1], x[2]}, {}, {}};
    rates_of(law_, x, node.slope);
    auto const jacobian = jacobian_of(law_, x);
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t j = 0; j < 3; ++j) node.curvature[i] += jacobian[i][j] * node.slope[j];
    nodes_.push_back(node);
    diverged_ = !std::isfinite(x[0] + x[1] + x[2]) || x[0] > kLogUnbounded || std::abs(x[1]) > 1e12;
  };
  auto const resting = [&] {
    auto const& slope = nodes_.back().slope;
    double const h = std::exp(x[0]);
    return x[0] < kLogVanished ||
           (std::abs(slope[0]) < still && std::abs(slope[1]) < still * std::max(h, 1e-3) && std::abs(slope[2]) < still);
  };
  record();
  auto const& slope = nodes_.front().slope;
  double step = std::min(end, 0.01 / (1 + std::abs(slope[0]) + std::abs(slope[1]) + std::abs(slope[2])));
  auto const going = [&] { return time < end && !diverged_ && !resting(); };

  auto explicit_stepper = odeint::make_controlled(absolute, accuracy, odeint::runge_kutta_dopri5<State>());
  auto const rates = [this](State const& s, State& ds, double) { rates_of(law_, s, ds); };
  int steps = 0;
  for (; steps < kExplicitSteps && going(); ++steps) {
    step = std::min(step, end - time);
    if (explicit_stepper.try_step(rates, x, time, step) == odeint::success) record();
  }
  // Time scales far apart: an implicit method with the exact Jacobian.
  auto const plain_rates = [this](State const& s, State& ds) { rates_of(law_, s, ds); };
  for (; steps < kMostSteps && going(); ++steps) {
    step = std::min(step, end - time);
    State slope_here{}, error{};
    rates_of(law_, x, slope_here);
    State const next = rosenbrock_step<3>(plain_rates, x, slope_here, jacobian_of(law_, x), step, error);
    double worst = 0;
    for (std::size_t i = 0; i < 3; ++i)
      worst = std::max(worst, std::abs(error[i]) / (absolute + accuracy * std::abs(x[i])));
    if (worst <= 1) {
      time += step;
      x = next;
      record();
    }
    step *= std::isfinite(worst) ? std::clamp(0.9 * std::pow(worst + 1e-30, -0.25), 0.2, 2.0) : 0.2;
  }
  // A law that takes this many steps has run into a singularity: what lies beyond is unknown.
  if (steps >= kMostSteps && time < end) diverged_ = true;
  if (!diverged_ && time < end) rest();
}

void PairTrajectory::rest() {
  Node last = nodes_.back();
  for (std::size_t i = 0; i < 3; ++i) last.slope[i] = last.curvature[i] = 0;
  if (ode_ == PairOde::two_point) {
    // Where the closed form says: what is left of the motion is below the accuracy asked for.
    double const target = law_.target * law_.kappa;
    double const h = 0.5 * a_high_ + std::sqrt(0.25 * a_high_ * a_high_ + target);
    if (h > 0 && std::abs(std::log(h) - last.value[0]) < 1e-4) {
      last.value[0] = std::log(h);
      last.value[1] = last.value[2] = law_.target / h;
    }
  }
  nodes_.push_back(last);
}

PairState PairTrajectory::state(double const* value) const {
  double const h = value[0] < kLogVanished ? 0.0 : std::exp(value[0]);
  double const unit = output_unit_ * law_.kappa * h;
  return {length_ * h, unit * value[2], unit * (value[2] - value[1])};
}

void PairTrajectory::evaluate(std::span<double const> times, double output_rate, PairCurves& curves) const {
  double const speed = output_rate * length_;
  std::size_t i = 0;
  for (double const t : times) {
    double const time = t * speed;
    while (i + 1 < nodes_.size() && nodes_[i + 1].time <= time) ++i;
    PairState now;
    if (i + 1 == nodes_.size()) {
      constexpr double nan = std::numeric_limits<double>::quiet_NaN();
      now = diverged_ ? PairState{nan, nan, nan} : state(nodes_[i].value);
    } else {
      Node const &a = nodes_[i], &b = nodes_[i + 1];
      double const length = b.time - a.time, s = (time - a.time) / length;
      double value[3];
      for (int k = 0; k < 3; ++k)
        value[k] = quintic(s, length, a.value[k], a.slope[k], a.curvature[k], b.value[k], b.slope[k], b.curvature[k]);
      now = state(value);
    }
    curves.h.push_back(now.h);
    curves.y.push_back(now.y);
    curves.w.push_back(now.w);
  }
}

}  // namespace confer
