/// Singular directions from Gram matrices, level by level: the part that both sides of a factor share.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "confer/linalg/factor.hpp"

namespace confer {

inline constexpr double double_rounding = 0x1p-53;

/// Singular values with one unit vector each, as columns.
struct Directions {
  std::vector<double> values;
  Matrix<double> vectors;

  double variance(Index j) const { return values[static_cast<std::size_t>(j)] * values[static_cast<std::size_t>(j)]; }
};

/// V diag(1/s) of the directions [begin, end).
Matrix<double> weights_of(Directions const& found, Index begin, Index end);

struct LevelReport {
  Index levels = 0;            ///< Gram matrices that were needed
  double largest_dropped = 0;  ///< largest singular value under the cut
};

/// What double-precision arithmetic leaves in a direction that is exactly zero: rounding of the projections and of the
/// eigenvectors, which grows with the square root of the smaller side.
double arithmetic_norm(double norm, Index smaller_side);

/// Square root of an eigenvalue that rounding may have made negative.
double root(double value);

/// Sums lower triangles over the ranks that share a matrix, in portions that bound the memory it takes.
void sum_lower(std::function<void(std::span<double>)> const& sum, Matrix<double>& gram);

/// Splits off level after level until every direction is either accurate or below the cut. Without `vectors` these stay
/// empty, and are not computed where one Gram matrix resolves all values.
/// `gram`: lower triangle over the `live` coordinates out of `dimension`. `projected_gram` returns the Gram matrix of
/// the data along given orthonormal directions (dimension x k), computed from the data itself. `by`: as in RowSource.
Directions resolve_directions(Matrix<double> gram, std::vector<Index> const& live, Index dimension, double cut,
                              bool exact, std::function<Matrix<double>(MatrixView<double const>)> const& projected_gram,
                              Decompose const& by, DirectionDetail detail, LevelReport& report);

}  // namespace confer
