#include "similarity/ridge_fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace confer {

namespace {

/// What every penalty needs: the row's squared singular values relative to the largest, and the share of the column's
/// variance along each of its directions.
struct Problem {
  std::vector<double> squares, shares;
  double degrees_of_freedom;
  double out_of_reach;  // share of the column's variance outside the row's space

  explicit Problem(PairStats const& pair) : degrees_of_freedom(static_cast<double>(pair.x.rows - 1)) {
    auto const s = pair.x.singular_values, t = pair.y.singular_values;
    for (double value : s) squares.push_back(value / s[0] * (value / s[0]));
    shares.resize(s.size());
    for (Index j = 0; j < pair.cross.cols; ++j)
      for (Index i = 0; i < pair.cross.rows; ++i) {
        double const covariance = pair.cross(i, j) * t[static_cast<std::size_t>(j)];
        shares[static_cast<std::size_t>(i)] += covariance * covariance / pair.y.total_variance;
      }
    bool const everything_in_reach = pair.x.rank() == pair.x.rows - 1;
    out_of_reach = everything_in_reach ? 0 : std::max(0.0, 1 - std::accumulate(shares.begin(), shares.end(), 0.0));
  }

  /// Shares of what is not fitted and of the freedom that is left, and their slopes over log lambda. Written in what
  /// each direction leaves, lambda / (s^2 + lambda), so that nothing cancels when the fit takes up nearly everything.
  struct Remainder {
    double residual, freedom, residual_slope, freedom_slope;
  };

  Remainder remainder(double lambda) const {
    Remainder rest{out_of_reach, 1 - static_cast<double>(squares.size()) / degrees_of_freedom, 0, 0};
    for (std::size_t i = 0; i < squares.size(); ++i) {
      double const left = lambda / (squares[i] + lambda);
      rest.residual += left * left * shares[i];
      rest.freedom += left / degrees_of_freedom;
      rest.residual_slope += 2 * left * left * (1 - left) * shares[i];
      rest.freedom_slope += left * (1 - left) / degrees_of_freedom;
    }
    return rest;
  }

  RidgeFit fit(double lambda) const {
    auto const [residual, freedom, residual_slope, freedom_slope] = remainder(lambda);
    // A fit that uses up all freedom predicts nothing, whatever it explains.
    double const predicted =
        freedom > 0 ? 1 - residual / (freedom * freedom) : -std::numeric_limits<double>::infinity();
    return {lambda, 1 - residual, predicted};
  }

  /// Whether `predicted` grows with the penalty.
  bool rises_at(double lambda) const {
    auto const [residual, freedom, residual_slope, freedom_slope] = remainder(lambda);
    return 2 * residual * freedom_slope > residual_slope * freedom;
  }
};

/// The penalty where `predicted` stops rising, by bisection. The slope fixes it to rounding; the values, flat at their
/// largest, would fix it to half the digits only.
RidgeFit refined(Problem const& problem, double low, double high) {
  double a = std::log(low), b = std::log(high);
  for (int step = 0; step < 60; ++step) {
    double const middle = (a + b) / 2;
    (problem.rises_at(std::exp(middle)) ? a : b) = middle;
  }
  return problem.fit(std::exp((a + b) / 2));
}

}  // namespace

RidgeFit ridge_fit(PairStats const& pair, double lambda) { return Problem(pair).fit(lambda); }

RidgeFit cross_validated_ridge(PairStats const& pair) {
  Problem const problem(pair);
  // The criterion may have several valleys, so all of twenty decades are looked at before the best one is refined.
  constexpr int points = 81;
  auto const at = [](int k) { return std::pow(10.0, -12 + k / 4.0); };
  int best = 0;
  RidgeFit best_fit = problem.fit(at(0));
  for (int k = 1; k < points; ++k) {
    RidgeFit const fit = problem.fit(at(k));
    if (fit.predicted > best_fit.predicted) {
      best = k;
      best_fit = fit;
    }
  }
  for (RidgeFit const& candidate : {problem.fit(0), refined(problem, at(best - 1), at(best + 1))})
    if (candidate.predicted >= best_fit.predicted) best_fit = candidate;
  return best_fit;
}

}  // namespace confer
