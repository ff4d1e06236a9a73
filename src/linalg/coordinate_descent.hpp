/// LASSO on a few predictors whose Gram matrix has been gathered.
#pragma once

#include <vector>

#include "confer/linalg/matrix.hpp"

namespace confer {

/// The problem restricted to m predictors: weights and gradient c - G w are kept in step.
struct RestrictedLasso {
  Matrix<double> gram;  ///< m x m
  std::vector<double> weights, gradient;
  double lambda = 0;
};

/// Largest violation of the optimality conditions at one predictor.
double kkt_violation(double weight, double gradient, double lambda);

/// Minimises until no violation exceeds `tolerance`, by coordinate descent and, once the signs have settled, Newton
/// steps on the predictors in use. Returns the sweeps used; more than `most_sweeps` are not tried.
Index solve_restricted(RestrictedLasso& problem, double tolerance, Index most_sweeps);

}  // namespace confer
