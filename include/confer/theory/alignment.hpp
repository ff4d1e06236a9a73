/// Representation alignment: how much of a target lies along the top singular vectors of a representation.
///
/// For activations Phi = U diag(s) V' (rows are samples) and targets Y (samples x outputs), p_i = sum_c (u_i' y_c)^2 is
/// the mass of the targets along direction i. U is never needed: u_i' y = v_i' (Phi' y) / s_i.
/// Source: Imani, Hu, White, "Representation alignment in neural networks", TMLR 2022; the learning curve, the norm and
/// the shuffled level are derived in alignment.cpp.
#pragma once

#include <span>
#include <vector>

#include "confer/linalg/matrix.hpp"

namespace confer {

/// Singular values and right vectors of activations that were not centred, from the centred factor X - 1 mean'.
/// `loadings` is diag(s) V' (rank x features). X'X = loadings' loadings + samples mean mean', hence one small
/// decomposition. Directions below `cut` are dropped.
struct RightFactor {
  std::vector<double> singular_values;  ///< descending
  Matrix<double> loadings;              ///< diag(s) V', rank x features
};
RightFactor uncentred_factor(MatrixView<double const> loadings, std::span<double const> mean, Index samples,
                             double cut);

/// Coefficients u_i' y_c (rank x outputs) from the loadings diag(s) V' and the cross product Phi' Y (features x
/// outputs). With loadings, u_i' y = (s_i v_i)' (Phi' y) / s_i^2.
Matrix<double> coefficients_from_loadings(std::span<double const> singular_values, MatrixView<double const> loadings,
                                          MatrixView<double const> cross);

/// The same coefficients U'Y from left vectors (samples x rank) and targets (samples x outputs).
Matrix<double> coefficients_from_basis(MatrixView<double const> basis, MatrixView<double const> targets);

/// p_i, summed over the outputs (columns) of the coefficients.
std::vector<double> projections(MatrixView<double const> coefficients);

/// A(tau) = sum of p_i over s_i >= tau for tau > 0; A(tau) = total (residual included) for tau <= 0.
std::vector<double> alignment_curve(std::span<double const> singular_values, std::span<double const> projections,
                                    double total, std::span<double const> thresholds);

/// 62 thresholds evenly spaced on [0, 30]: the grid of the authors' demo, meant for rows of unit norm.
std::vector<double> demo_thresholds();

/// 62 thresholds evenly spaced on [0, 1], in units of the largest singular value.
std::vector<double> relative_thresholds();

/// The numbers that summarise one set of projections.
struct MassSummary {
  std::vector<double> mass;  ///< a_k = (p_1 + ... + p_k) / total, k = 1 .. rank; NaN when total is 0
  Index k50 = -1;            ///< smallest k with a_k >= .5; -1 when never reached
  Index k90 = -1;
  double area = 0;      ///< mean of a_k over k = 1 .. rank: near 1 when the first directions hold the targets
  double residual = 0;  ///< share of the targets outside the column space, 1 - a_rank
};
MassSummary summarise_mass(std::span<double const> projections, double total);

/// How targets behave under a random reordering of the samples.
struct ShuffledTargets {
  Index samples = 0;
  double mean_share = 0;     ///< samples |mean of y|^2 / |Y|^2: what a reordering cannot change; 0 for centred targets
  double concentration = 1;  ///< tr(W^2) / tr(W)^2 of W = centred Y Y'; 1 for a single output
};

/// Mean share, concentration and size of targets (samples x outputs).
ShuffledTargets shuffled_targets(MatrixView<double const> targets);

/// Mean and 95 % band of a_k for targets in random order.
struct MassBand {
  double mean = 0, low = 0, high = 0;
};

/// Closed form. For one centred output a_k ~ Beta(k/2, (n-1-k)/2). The part of the targets along the constant vector is
/// not random: it contributes mean_share * constant_mass, where constant_mass = sum_{i<=k} (u_i' 1)^2 / n (0 for
/// centred features). Several outputs: a Beta law with the exact mean and variance of a random projection.
MassBand shuffled_band(ShuffledTargets const& targets, Index k, double constant_mass);

/// The same when the k directions weigh samples unequally, as those of several rows to a sample do. `trace` and
/// `trace_of_square` are those of sum_{i<=k} v_i v_i', v_i the sum of u_i over the rows of each sample, centred,
/// divided by the square root of the rows to a sample.
MassBand shuffled_band(ShuffledTargets const& targets, double trace, double trace_of_square, double constant_mass);

/// Squared loss |Phi w_t - Y|^2 of gradient descent from w = 0 with step 1 / s_1^2 on half of it, at each step number.
std::vector<double> learning_curve(std::span<double const> singular_values, std::span<double const> projections,
                                   double total, std::span<Index const> steps);

/// Steps until that loss has fallen to `share` of its start; -1 when it never does.
Index steps_to_share(std::span<double const> singular_values, std::span<double const> projections, double total,
                     double share);

/// Frobenius norm of the least-squares solution of smallest norm: sqrt(sum p_i / s_i^2).
double minimum_norm(std::span<double const> singular_values, std::span<double const> projections);

/// Class labels as targets: classes in ascending order. Two classes make one column of -1 and +1, more make one column
/// of 0 and 1 for each class.
struct LabelTargets {
  std::vector<Index> classes;
  Matrix<double> values;  ///< samples x outputs
};
LabelTargets label_targets(std::span<Index const> labels);

/// Subtracts the mean of every column.
void centre_columns(MatrixView<double> targets);

/// Preparation of the authors' demo, on a block of activations given as features x samples: appends the constant 1 to
/// every sample (the bias of a linear head) and scales it to unit norm. `out` is (features + 1) x samples.
void demo_preprocess(MatrixView<double const> block, MatrixView<double> out);

}  // namespace confer
