#include "confer/linalg/lasso.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "confer/linalg/dense.hpp"
#include "linalg/coordinate_descent.hpp"

namespace confer {

namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// One target on its way down the path.
class TargetPath {
 public:
  TargetPath(LassoStatistics const& statistics, Index target, LassoOptions const& options, RestrictedLasso& space)
      : gram_(statistics.gram),
        cross_(statistics.cross.column_span(target)),
        square_(statistics.target_squares[at(target)]),
        options_(options),
        weights_(cross_.size()),
        gradient_(cross_.begin(), cross_.end()),
        selected_(cross_.size()),
        restricted_(space) {
    restricted_.clear();
    double largest = 0;
    for (Index j = 0; j < predictors(); ++j) largest = std::max(largest, gram_(j, j));
    kkt_unit_ = std::sqrt(square_ * largest);
    for (Index j = 0; j < predictors(); ++j)
      if (!live(j)) gradient_[at(j)] = 0;
    lambda_ = 0;
    for (double g : gradient_) lambda_ = std::max(lambda_, std::abs(g));
  }

  /// Goes on to a penalty not above the last one.
  LassoFit descend_to(double lambda) {
    // The strong rule presumes small steps; a big one is made of several rough ones.
    while (lambda < 0.5 * lambda_) {
      solve(0.5 * lambda_, 1e-3 * kkt_unit_);
      if (lambda_ <= 1e-12 * kkt_unit_) break;
    }
    double tolerance = options_.kkt_tolerance * kkt_unit_;
    solve(lambda, tolerance);
    auto fit = describe(lambda);
    for (int attempt = 0; attempt < 2 && !fit.converged; ++attempt) {
      tolerance *= 0.01;
      solve(lambda, tolerance);
      fit = describe(lambda);
    }
    return fit;
  }

  /// The fit with given weights.
  LassoFit at_weights(std::span<double const> weights, double lambda) {
    std::ranges::copy(weights, weights_.begin());
    update_gradient();
    return describe(lambda);
  }

 private:
  Index predictors() const { return static_cast<Index>(cross_.size()); }
  bool live(Index j) const { return gram_(j, j) > 0; }

  void select(Index j) {
    selected_[at(j)] = true;
    restricted_.add(j, gram_);
  }

  void solve(double lambda, double tolerance) {
    // The strong rule; for big steps it would keep everything, so that it is left to the check to add what is missing.
    double const keep = std::max(2 * lambda - lambda_, 0.8 * lambda);
    lambda_ = lambda;
    for (Index j = 0; j < predictors(); ++j)
      if (!selected_[at(j)] && live(j) && std::abs(gradient_[at(j)]) >= keep) select(j);
    Index sweeps = 0;
    while (sweeps < options_.most_sweeps) {
      sweeps += solve_selected(0.5 * tolerance, options_.most_sweeps - sweeps);
      update_gradient();
      bool complete = true;
      for (Index j = 0; j < predictors(); ++j) {
        if (selected_[at(j)] || std::abs(gradient_[at(j)]) <= lambda + tolerance) continue;
        select(j);
        complete = false;
      }
      if (complete) return;
    }
  }

  Index solve_selected(double tolerance, Index most_sweeps) {
    restricted_.lambda = lambda_;
    for (std::size_t a = 0; a < restricted_.chosen.size(); ++a) {
      restricted_.weights[a] = weights_[at(restricted_.chosen[a])];
      restricted_.gradient[a] = gradient_[at(restricted_.chosen[a])];
    }
    Index const sweeps = solve_restricted(restricted_, tolerance, most_sweeps);
    for (std::size_t a = 0; a < restricted_.chosen.size(); ++a)
      weights_[at(restricted_.chosen[a])] = restricted_.weights[a];
    return sweeps;
  }

  /// Gradient c - G w afresh, free of the rounding of many small updates.
  void update_gradient() {
    std::ranges::copy(cross_, gradient_.begin());
    std::vector<double const*> columns;
    std::vector<double> factors;
    for (Index j = 0; j < predictors(); ++j) {
      if (weights_[at(j)] == 0) continue;
      columns.push_back(gram_.column(j));
      factors.push_back(weights_[at(j)]);
    }
    subtract_columns(gradient_, columns, factors);
    for (Index j = 0; j < predictors(); ++j)
      if (!live(j)) gradient_[at(j)] = 0;
  }

  LassoFit describe(double lambda) const {
    LassoFit fit;
    double explained = 0, slope = 0, norm = 0, steepest = 0;
    for (Index j = 0; j < predictors(); ++j) {
      double const weight = weights_[at(j)], gradient = gradient_[at(j)];
      fit.kkt = std::max(fit.kkt, kkt_violation(weight, gradient, lambda));
      steepest = std::max(steepest, std::abs(gradient));
      if (weight == 0) continue;
      fit.weights.predictors.push_back(j);
      fit.weights.values.push_back(weight);
      explained += weight * cross_[at(j)];
      slope += weight * gradient;
      norm += std::abs(weight);
    }
    // With the residual r: r'r / n and y'r / n.
    double const residual = std::max(square_ - explained - slope, 0.0), overlap = square_ - explained;
    fit.objective = 0.5 * residual + lambda * norm;
    if (lambda == 0) {
      fit.gap = std::abs(slope);
    } else {
      // The best dual point on the ray through the residual.
      double const limit = steepest > 0 ? lambda / steepest : 1.0;
      double const scale = residual > 0 ? std::clamp(overlap / residual, -limit, limit) : limit;
      fit.gap = std::max(fit.objective - (scale * overlap - 0.5 * scale * scale * residual), 0.0);
    }
    fit.converged = fit.gap <= options_.gap_tolerance * square_ && fit.kkt <= options_.kkt_tolerance * kkt_unit_;
    return fit;
  }

  MatrixView<double const> gram_;
  std::span<double const> cross_;
  double square_;
  LassoOptions options_;
  std::vector<double> weights_, gradient_;
  std::vector<char> selected_;
  RestrictedLasso& restricted_;  ///< holds the selected ones
  double lambda_ = 0;            ///< of the current weights
  double kkt_unit_ = 0;
};

/// Least squares of least norm for given columns of `cross`, by the eigenvectors of the Gram matrix.
class LeastSquares {
 public:
  explicit LeastSquares(MatrixView<double const> gram) : eigen_(eigh(gram)) {}

  std::vector<double> weights(std::span<double const> cross) const {
    auto const p = static_cast<Index>(cross.size());
    std::vector<double> result(cross.size());
    double const negligible = p == 0 ? 0 : eigen_.values.front() * static_cast<double>(p) * 2.3e-16;
    for (Index k = 0; k < p; ++k) {
      double const value = eigen_.values[at(k)];
      if (value <= negligible) break;
      auto const vector = eigen_.vectors.view().column_span(k);
      double const part = std::inner_product(vector.begin(), vector.end(), cross.begin(), 0.0) / value;
      for (Index j = 0; j < p; ++j) result[at(j)] += part * vector[at(j)];
    }
    return result;
  }

 private:
  Eigen eigen_;
};

std::vector<LassoFit> path_of(LassoStatistics const& statistics, Index target, std::span<double const> lambdas,
                              LassoOptions const& options, LeastSquares const* unpenalised, RestrictedLasso& space) {
  std::vector<std::size_t> order(lambdas.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return lambdas[a] > lambdas[b]; });
  TargetPath path(statistics, target, options, space);
  std::vector<LassoFit> fits(lambdas.size());
  for (std::size_t k : order)
    fits[k] = lambdas[k] == 0 ? path.at_weights(unpenalised->weights(statistics.cross.column_span(target)), 0)
                              : path.descend_to(lambdas[k]);
  return fits;
}

}  // namespace

double smallest_silent_lambda(LassoStatistics const& statistics, Index target) {
  double largest = 0;
  for (double c : statistics.cross.column_span(target)) largest = std::max(largest, std::abs(c));
  return largest;
}

namespace {

std::vector<std::vector<LassoFit>> paths_of(LassoStatistics const& statistics, Index begin, Index end,
                                            std::span<double const> lambdas, LassoOptions const& options) {
  for (double lambda : lambdas)
    if (!(lambda >= 0) || std::isinf(lambda)) throw std::invalid_argument("a LASSO penalty must be zero or positive");
  std::vector<LeastSquares> unpenalised;
  if (std::ranges::count(lambdas, 0.0) > 0) unpenalised.emplace_back(statistics.gram);
  RestrictedLasso space(statistics.gram.rows);
  std::vector<std::vector<LassoFit>> fits;
  for (Index target = begin; target < end; ++target)
    fits.push_back(
        path_of(statistics, target, lambdas, options, unpenalised.empty() ? nullptr : &unpenalised.front(), space));
  return fits;
}

}  // namespace

std::vector<LassoFit> lasso_path(LassoStatistics const& statistics, Index target, std::span<double const> lambdas,
                                 LassoOptions const& options) {
  return paths_of(statistics, target, target + 1, lambdas, options).front();
}

std::vector<std::vector<LassoFit>> lasso_paths(LassoStatistics const& statistics, std::span<double const> lambdas,
                                               LassoOptions const& options) {
  return paths_of(statistics, 0, statistics.cross.cols, lambdas, options);
}

double half_mean_squared_error(LassoStatistics const& statistics, Index target, SparseWeights const& weights) {
  double explained = 0, quadratic = 0;
  for (std::size_t a = 0; a < weights.predictors.size(); ++a) {
    Index const i = weights.predictors[a];
    explained += weights.values[a] * statistics.cross(i, target);
    for (std::size_t b = 0; b < weights.predictors.size(); ++b)
      quadratic += weights.values[a] * weights.values[b] * statistics.gram(weights.predictors[b], i);
  }
  return 0.5 * (statistics.target_squares[at(target)] - 2 * explained + quadratic);
}

}  // namespace confer
