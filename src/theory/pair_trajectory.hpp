/// A solution of the two-point equations in units of its own, kept densely so that one integration serves every rate
/// with the same ratio.
#pragma once

#include <span>
#include <vector>

#include "confer/theory/dynamics.hpp"

namespace confer {

/// In units of length H, output H^2 b/a and time 1/(b H) the equations depend on the ratio a/b only: a fit scans the
/// time scale b on one trajectory.
class PairTrajectory {
 public:
  /// Integrates up to dimensionless time `end`, or until nothing moves any more. `accuracy` is relative, per step.
  PairTrajectory(PairOde ode, PairState const& initial, double ratio, double target_distance, double end,
                 double accuracy);

  /// Length scale H: dimensionless time is b H t.
  double length() const { return length_; }
  static double length_scale(PairState const& initial, double ratio, double target_distance);

  /// Appends the state at every time b H t; times increase. NaN where the solution has grown without bound.
  void evaluate(std::span<double const> times, double output_rate, PairCurves& curves) const;

  /// The variables are u = ln h, p = (y - w) / (kappa h) and q = y / (kappa h); kappa keeps p and q of order one where
  /// hidden distances hardly move. In them the equations are polynomial in h: nothing is divided by h.
  struct Law {
    double output_factor, product_factor, sign;  // 1, 1, 1 for the true equations
    double kappa, target;                        // target = Y / kappa, dimensionless
  };

 private:
  struct Node {
    double time;
    double value[3], slope[3], curvature[3];
  };
  void integrate(double end, double accuracy);
  void rest();
  PairState state(double const* value) const;

  PairOde ode_;
  Law law_{};
  double length_, output_unit_, a_high_;
  double start_[3];
  std::vector<Node> nodes_;
  bool diverged_ = false;
};

}  // namespace confer
