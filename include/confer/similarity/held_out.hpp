/// What a measure sees of a pair when maps are fitted on some samples and judged on others (cross-validation).
#pragma once

#include <span>
#include <vector>

#include "confer/linalg/matrix.hpp"
#include "confer/linalg/reweighted_factor.hpp"

namespace confer {

/// Which fold each sample is held out in: as equal as can be, by a fixed shuffle of the samples' numbers.
std::vector<Index> folds_of_samples(Index samples, Index folds);

/// One representation in one fold: the factor of the samples fitted on, centred by their mean, and the held-out samples
/// in its coordinates.
struct HeldOutSide {
  ReweightedFactor fit;      ///< of the samples fitted on
  Matrix<double> test_gram;  ///< T'T, T = (U_test - 1 mean') rotation; rank x rank
  double test_variance = 0;  ///< ||X_test - 1 mean'||_F^2, also of what the samples fitted on do not span
  double fit_rows = 0, test_rows = 0;
  std::vector<double> fit_sum, test_sum;  ///< of the rows of U
};

/// fit, test: moments of the two sets of rows of one basis. singular_values, cut: as of reweight.
HeldOutSide held_out_side(WeightedMoments const& fit, WeightedMoments const& test,
                          std::span<double const> singular_values, double cut);

/// One fold of a pair (row x, column y).
struct HeldOutFold {
  std::span<double const> x_values, y_values;  ///< singular values of the samples fitted on
  Matrix<double> fit_cross;                    ///< M = Ux'Uy of the samples fitted on; rank x by rank y
  Matrix<double> test_cross;                   ///< Tx'Ty of the held-out samples
  MatrixView<double const> x_test_gram;        ///< Tx'Tx
  double x_test_variance = 0, y_test_variance = 0;

  /// The fold seen from the other side; y: the side it was made from.
  HeldOutFold transposed(HeldOutSide const& y) const;
};

/// fit_cross, test_cross: Ux'Uy of the rows as they are, not centred; kept x by kept y.
HeldOutFold held_out_fold(HeldOutSide const& x, HeldOutSide const& y, MatrixView<double const> fit_cross,
                          MatrixView<double const> test_cross);

/// All folds of a pair.
struct HeldOutStats {
  std::vector<HeldOutFold> folds;
};

}  // namespace confer
