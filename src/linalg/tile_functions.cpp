// Compiled without errno for square roots, so that the loops become vector code (CMakeLists.txt).
#include "confer/linalg/tile_functions.hpp"

#include <bit>
#include <cmath>
#include <cstdint>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define CONFER_VECTOR_CLONES __attribute__((target_clones("avx512f", "avx2,fma", "default")))
#else
#define CONFER_VECTOR_CLONES
#endif

namespace confer {

namespace {

/// exp(x) for x <= 0 to 1.5e-7, 0 below -87: 2^n e^r with |r| <= ln 2 / 2, e^r by its Taylor polynomial.
inline float exp_of_negative(float x) {
  float const clipped = x < -87.0f ? -87.0f : x;
  std::int32_t const n = static_cast<std::int32_t>(clipped * 1.44269504f - 0.5f);  // towards zero: to the nearest
  float const whole = static_cast<float>(n);
  float const r = (clipped - whole * 0.693359375f) + whole * 2.12194440e-4f;
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  float const power = std::bit_cast<float>((n + 127) << 23);
  return x < -87.0f ? 0.0f : p * power;
}

template <class T>
inline T squared_distance(T left, T right, T product) {
  T const d = left + right - 2 * product;
  return d > 0 ? d : T{0};
}

// One column at a time: the loops below are what is compiled for several processors.

CONFER_VECTOR_CLONES void gaussian_column(float* g, float const* left, Index count, float right, float rate, float shift) {
  for (Index i = 0; i < count; ++i) g[i] = exp_of_negative(-rate * squared_distance(left[i], right, g[i])) - shift;
}

CONFER_VECTOR_CLONES void distance_column(float* g, float const* left, Index count, float right, float shift) {
  for (Index i = 0; i < count; ++i) g[i] = std::sqrt(squared_distance(left[i], right, g[i])) - shift;
}

CONFER_VECTOR_CLONES void squared_distance_column(float* g, float const* left, Index count, float right, float shift) {
  for (Index i = 0; i < count; ++i) g[i] = squared_distance(left[i], right, g[i]) - shift;
}

CONFER_VECTOR_CLONES void complement_column(float* g, Index count, float shift) {
  for (Index i = 0; i < count; ++i) g[i] = (1.0f - g[i]) - shift;
}

/// Adds a column to the sums of rows and returns its own sum, in eight strands.
CONFER_VECTOR_CLONES double sum_column(float const* g, Index count, double* rows) {
  double strands[8] = {};
  Index i = 0;
  for (; i + 8 <= count; i += 8)
    for (Index k = 0; k < 8; ++k) {
      double const value = static_cast<double>(g[i + k]);
      rows[i + k] += value;
      strands[k] += value;
    }
  double total = 0;
  for (; i < count; ++i) {
    rows[i] += static_cast<double>(g[i]);
    total += static_cast<double>(g[i]);
  }
  for (double const strand : strands) total += strand;
  return total;
}

template <class T, class F>
void each_column(MatrixView<T> g, F const& apply) {
  for (Index j = 0; j < g.cols; ++j) apply(g.column(j), j);
}

template <class F>
void each_element(MatrixView<double> g, F const& value) {
  for (Index j = 0; j < g.cols; ++j)
    for (Index i = 0; i < g.rows; ++i) g(i, j) = value(i, j, g(i, j));
}

}  // namespace

void gaussian_tile(MatrixView<float> g, std::span<float const> left, std::span<float const> right, float rate,
                   float shift) {
  each_column(g, [&](float* column, Index j) {
    gaussian_column(column, left.data(), g.rows, right[static_cast<std::size_t>(j)], rate, shift);
  });
}

void gaussian_tile(MatrixView<double> g, std::span<double const> left, std::span<double const> right, double rate,
                   double shift) {
  each_element(g, [&](Index i, Index j, double value) {
    return std::exp(-rate * squared_distance(left[static_cast<std::size_t>(i)], right[static_cast<std::size_t>(j)], value)) -
           shift;
  });
}

void distance_tile(MatrixView<float> g, std::span<float const> left, std::span<float const> right, float shift) {
  each_column(g, [&](float* column, Index j) {
    distance_column(column, left.data(), g.rows, right[static_cast<std::size_t>(j)], shift);
  });
}

void distance_tile(MatrixView<double> g, std::span<double const> left, std::span<double const> right, double shift) {
  each_element(g, [&](Index i, Index j, double value) {
    return std::sqrt(squared_distance(left[static_cast<std::size_t>(i)], right[static_cast<std::size_t>(j)], value)) - shift;
  });
}

void squared_distance_tile(MatrixView<float> g, std::span<float const> left, std::span<float const> right, float shift) {
  each_column(g, [&](float* column, Index j) {
    squared_distance_column(column, left.data(), g.rows, right[static_cast<std::size_t>(j)], shift);
  });
}

void squared_distance_tile(MatrixView<double> g, std::span<double const> left, std::span<double const> right,
                           double shift) {
  each_element(g, [&](Index i, Index j, double value) {
    return squared_distance(left[static_cast<std::size_t>(i)], right[static_cast<std::size_t>(j)], value) - shift;
  });
}

void complement_tile(MatrixView<float> g, float shift) {
  each_column(g, [&](float* column, Index) { complement_column(column, g.rows, shift); });
}

void complement_tile(MatrixView<double> g, double shift) {
  each_element(g, [&](Index, Index, double value) { return (1 - value) - shift; });
}

void add_tile_sums(MatrixView<float const> g, std::span<double> rows, std::span<double> cols) {
  for (Index j = 0; j < g.cols; ++j) cols[static_cast<std::size_t>(j)] += sum_column(g.column(j), g.rows, rows.data());
}

void add_tile_sums(MatrixView<double const> g, std::span<double> rows, std::span<double> cols) {
  for (Index j = 0; j < g.cols; ++j)
    for (Index i = 0; i < g.rows; ++i) {
      rows[static_cast<std::size_t>(i)] += g(i, j);
      cols[static_cast<std::size_t>(j)] += g(i, j);
    }
}

}  // namespace confer
