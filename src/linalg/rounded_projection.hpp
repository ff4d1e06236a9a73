/// The left singular vectors in single precision, multiplied in it as far as nothing is lost.
///
/// Rounding V leaves in a column of U about 3e-8 / sqrt(p) s_1 / s of the strongest direction: too much where s is
/// small. So directions that dominate the others are multiplied in double precision and taken off the data first, and
/// those that are too weak even then are multiplied in double precision as well.
#pragma once

#include <functional>
#include <span>

#include "linalg/factor_directions.hpp"

namespace confer {

class RoundedProjection {
 public:
  /// kept: leading directions that are wanted, at least one. `found` must outlive it.
  RoundedProjection(Directions const& found, Index kept, Index most_rows);

  /// Values of one column of U from a row of the block on.
  using Put = std::function<void(Index row, Index column, std::span<float const> values)>;

  /// U = X V diag(1/s) of centred rows, given as features x rows, which are destroyed. Adds the squared norms of the
  /// rows of U diag(s) to norms.
  void project(MatrixView<double> block, double* norms, Put const& put);

 private:
  struct Piece {
    MatrixView<double> rows;  // features x rows
    Index begin;              // in the block
    double* norms;
    Put const& put;
  };
  /// The directions from `first` on that belong to the weights, in double precision.
  MatrixView<double const> project_in_double(Piece const& piece, Matrix<double> const& weights, Index first);
  void project_in_single(Piece const& piece);

  Directions const& found_;
  Index dominant_, weak_;  ///< directions before the first and from the second on are multiplied in double precision
  double unit_;            ///< of the rounded rows, so that the scale of the data does not matter
  Matrix<double> dominant_weights_, dominant_axes_, weak_weights_;
  Matrix<float> single_weights_;
  Matrix<double> product_;
  Matrix<float> rounded_rows_, rounded_;
};

}  // namespace confer
