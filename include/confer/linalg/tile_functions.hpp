/// Kernels of a tile of samples from its inner products, element by element.
#pragma once

#include <span>

#include "confer/linalg/matrix.hpp"

namespace confer {

/// All of these turn inner products g(i, j) = x_i . x_j into a function of them and take `shift` off.
/// left, right: |x_i|^2 of the rows and of the columns of the tile. Single precision is right to about 2e-7.

/// exp(-rate |x_i - x_j|^2) - shift, rate >= 0.
void gaussian_tile(MatrixView<float> g, std::span<float const> left, std::span<float const> right, float rate,
                   float shift);
void gaussian_tile(MatrixView<double> g, std::span<double const> left, std::span<double const> right, double rate,
                   double shift);

/// |x_i - x_j|^2, and 0 where it is less than rounding leaves of the norms.
void near_distance_tile(MatrixView<float> g, std::span<float const> left, std::span<float const> right);

/// Of the samples of one side of a tile.
template <class T>
struct TileSamples {
  std::span<T const> squared_norms;
  std::span<T const> shifts;
};
/// |x_i - x_j| - a_i - a_j, a: the shifts; in single precision a distance of 0 where near_distance_tile has 0: a root
/// would make much of rounding.
void distance_tile(MatrixView<float> g, TileSamples<float> const& left, TileSamples<float> const& right);
void distance_tile(MatrixView<double> g, TileSamples<double> const& left, TileSamples<double> const& right);

/// |x_i - x_j|^2 - shift.
void squared_distance_tile(MatrixView<float> g, std::span<float const> left, std::span<float const> right, float shift);
void squared_distance_tile(MatrixView<double> g, std::span<double const> left, std::span<double const> right,
                           double shift);

/// 1 - g - shift: cosine and correlation dissimilarity of unit rows.
void complement_tile(MatrixView<float> g, float shift);
void complement_tile(MatrixView<double> g, double shift);

/// How many values are less than the limit, or equal.
Index count_below(std::span<float const> values, float limit);
Index count_below(std::span<double const> values, double limit);

/// Marks the values that reach their row's threshold (1), that of the column (2), or both (3).
void mark_reached(std::span<float const> values, std::span<float const> rows, float column, std::span<unsigned char> marks);

/// The k-th largest of at most `most_counted` values, k not above their number. They are counted instead of moved: which
/// way the branches of a selection go cannot be foreseen.
inline constexpr Index most_counted = 64;
float kth_largest_of_few(std::span<float const> values, Index k);

/// At least k of the values are as large as this: the k-th largest of the maxima of 32 groups of them. Minus infinity if
/// there are too few.
float surely_among_largest(std::span<float const> values, Index k);

/// Zeroes the elements i <= j of a square tile.
template <class T>
void keep_strict_lower(MatrixView<T> g) {
  for (Index j = 0; j < g.cols; ++j) std::fill(g.column(j), g.column(j) + j + 1, T{0});
}

/// Adds the sums of rows and of columns.
void add_tile_sums(MatrixView<float const> g, std::span<double> rows, std::span<double> cols);
void add_tile_sums(MatrixView<double const> g, std::span<double> rows, std::span<double> cols);

}  // namespace confer
