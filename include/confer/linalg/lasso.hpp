/// LASSO of many targets on the same predictors, from their Gram matrix (Tibshirani 1996; coordinate descent with
/// covariance updates after Friedman, Hastie and Tibshirani 2010).
///
/// For each target y the weights w minimise 1/(2 n) ||y - X w||^2 + lambda ||w||_1, with X and y centred by the caller.
#pragma once

#include <span>
#include <vector>

#include "confer/linalg/matrix.hpp"

namespace confer {

/// What the samples are reduced to: p predictors, q targets, n samples.
struct LassoStatistics {
  MatrixView<double const> gram;           ///< X'X / n, p x p, both triangles
  MatrixView<double const> cross;          ///< X'Y / n, p x q
  std::span<double const> target_squares;  ///< diagonal of Y'Y / n, q
};

struct LassoOptions {
  double gap_tolerance = 1e-8;  ///< duality gap, relative to the target's square
  double kkt_tolerance = 1e-8;  ///< violation of optimality, relative to sqrt(target's square x largest predictor's)
  Index most_sweeps = 100000;   ///< per target and lambda
};

/// The predictors with a weight other than zero, ascending.
struct SparseWeights {
  std::vector<Index> predictors;
  std::vector<double> values;
};

struct LassoFit {
  SparseWeights weights;
  double objective = 0;
  double gap = 0;          ///< objective minus a lower bound of the best possible one
  double kkt = 0;          ///< largest violation of the optimality conditions, in the units of cross
  bool converged = false;  ///< both tolerances met
};

/// The smallest lambda at which all weights of the target are zero: max_j |cross(j, target)|.
double smallest_silent_lambda(LassoStatistics const& statistics, Index target);

/// Fits of one target for every lambda, in the order given. Larger penalties are solved first and warm-start the
/// others; strong rules select the predictors, a check of all of them confirms. lambda = 0 gives the least-squares
/// solution of least norm. A predictor whose square is zero gets no weight. Throws std::invalid_argument when a lambda
/// is negative or not finite.
std::vector<LassoFit> lasso_path(LassoStatistics const& statistics, Index target, std::span<double const> lambdas,
                                 LassoOptions const& options = {});

/// The same for all targets: result[target][k] belongs to lambdas[k].
std::vector<std::vector<LassoFit>> lasso_paths(LassoStatistics const& statistics, std::span<double const> lambdas,
                                               LassoOptions const& options = {});

/// 1/(2 n) ||y - X w||^2 of given weights, on the samples the statistics are of (training or held out).
double half_mean_squared_error(LassoStatistics const& statistics, Index target, SparseWeights const& weights);

}  // namespace confer
