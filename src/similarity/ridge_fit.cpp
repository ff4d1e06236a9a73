#include "similarity/ridge_fit.hpp"

#include <cmath>
#include <limits>
#include <vector>

namespace confer {

namespace {

/// What every penalty needs: the row's squared singular values relative to the largest, and the share of the column's
/// variance along each of its directions.
struct Problem {
  std::vector<double> squares, shares;
  double degrees_of_freedom;

  explicit Problem(PairStats const& pair) : degrees_of_freedom(static_cast<double>(pair.x.rows - 1)) {
    auto const s = pair.x.singular_values, t = pair.y.singular_values;
    for (double value : s) squares.push_back(value / s[0] * (value / s[0]));
    shares.resize(s.size());
    for (Index j = 0; j < pair.cross.cols; ++j)
      for (Index i = 0; i < pair.cross.rows; ++i) {
        double const covariance = pair.cross(i, j) * t[static_cast<std::size_t>(j)];
        shares[static_cast<std::size_t>(i)] += covariance * covariance / pair.y.total_variance;
      }
  }

  RidgeFit fit(double lambda) const {
    double explained = 0, freedom = 0;
    for (std::size_t i = 0; i < squares.size(); ++i) {
      double const f = squares[i] / (squares[i] + lambda);
      explained += f * (2 - f) * shares[i];
      freedom += f;
    }
    double const left = 1 - freedom / degrees_of_freedom;
    // Where the fit uses up all freedom it predicts nothing, whatever it explains.
    double const predicted =
        left > 1e-9 ? 1 - (1 - explained) / (left * left) : -std::numeric_limits<double>::infinity();
    return {lambda, explained, predicted};
  }

  /// Whether `predicted` grows with the penalty: its slope over log lambda, times (1 - sum f/N)^3 / 2.
  bool rises_at(double lambda) const {
    double explained = 0, freedom = 0, explained_loss = 0, freedom_gain = 0;
    for (std::size_t i = 0; i < squares.size(); ++i) {
      double const f = squares[i] / (squares[i] + lambda);
      explained += f * (2 - f) * shares[i];
      freedom += f / degrees_of_freedom;
      explained_loss += f * (1 - f) * (1 - f) * shares[i];
      freedom_gain += f * (1 - f) / degrees_of_freedom;
    }
    return (1 - explained) * freedom_gain > explained_loss * (1 - freedom);
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
