/// LASSO on a few predictors whose Gram matrix has been gathered.
#pragma once

#include <span>
#include <vector>

#include "confer/linalg/matrix.hpp"

namespace confer {

/// The problem restricted to m of p predictors: weights and gradient c - G w are kept in step. It only grows, and its
/// memory serves one target after the other.
struct RestrictedLasso {
  explicit RestrictedLasso(Index p) : gram(p + 8, p) {}  // not a power of two: rows spread over the cache

  Index size() const { return static_cast<Index>(chosen.size()); }
  void clear();
  void add(Index predictor, MatrixView<double const> full_gram);

  Matrix<double> gram;  ///< leading m x m part in use
  std::vector<Index> chosen;
  std::vector<double> weights, gradient;
  double lambda = 0;
};

/// y -= sum of factors[c] * columns[c], columns as long as y.
void subtract_columns(std::span<double> y, std::span<double const* const> columns, std::span<double const> factors);

/// Largest violation of the optimality conditions at one predictor.
double kkt_violation(double weight, double gradient, double lambda);

/// Minimises until no violation exceeds `tolerance`, by coordinate descent and, once the signs have settled, Newton
/// steps on the predictors in use. Returns the sweeps used; more than `most_sweeps` are not tried.
Index solve_restricted(RestrictedLasso& problem, double tolerance, Index most_sweeps);

}  // namespace confer
