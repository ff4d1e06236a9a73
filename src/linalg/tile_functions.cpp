// Compiled without errno for square roots and without traps, so that the loops become vector code (CMakeLists.txt).
#include "confer/linalg/tile_functions.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "linalg/vector_clones.hpp"

namespace confer {

namespace {

/// exp(x) for x <= 0 to 1.5e-7, 1.6e-38 below -87: 2^n e^r with |r| <= ln 2 / 2, e^r by its Taylor polynomial.
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
  return p * power;
}

template <class T>
inline T squared_distance(T left, T right, T product) {
  T const d = left + right - 2 * product;
  return d > 0 ? d : T{0};
}

// One column at a time: the loops below are what is compiled for several processors.

CONFER_VECTOR_CLONES void gaussian_column(float* g, float const* left, Index count, float right, float rate,
                                          float shift) {
  for (Index i = 0; i < count; ++i) g[i] = exp_of_negative(-rate * squared_distance(left[i], right, g[i])) - shift;
}

/// What rounding leaves of two norms is no distance.
inline float distinct_squared_distance(float left, float right, float product) {
  constexpr float digits = 8 * std::numeric_limits<float>::epsilon();
  float const both = left + right, d = both - 2 * product;
  return d < digits * both ? 0.0f : d;
}

CONFER_VECTOR_CLONES void near_distance_column(float* g, float const* left, Index count, float right) {
  for (Index i = 0; i < count; ++i) g[i] = distinct_squared_distance(left[i], right, g[i]);
}

CONFER_VECTOR_CLONES void distance_column(float* g, float const* left, float const* shifts, Index count, float right,
                                          float shift) {
  for (Index i = 0; i < count; ++i)
    g[i] = (std::sqrt(distinct_squared_distance(left[i], right, g[i])) - shifts[i]) - shift;
}

CONFER_VECTOR_CLONES void distance_column(double* g, double const* left, double const* shifts, Index count,
                                          double right, double shift) {
  for (Index i = 0; i < count; ++i)
    g[i] = (std::sqrt(squared_distance(left[i], right, g[i])) - shifts[i]) - shift;
}

CONFER_VECTOR_CLONES void squared_distance_column(float* g, float const* left, Index count, float right, float shift) {
  for (Index i = 0; i < count; ++i) g[i] = squared_distance(left[i], right, g[i]) - shift;
}

CONFER_VECTOR_CLONES void complement_column(float* g, Index count, float shift) {
  for (Index i = 0; i < count; ++i) g[i] = (1.0f - g[i]) - shift;
}

/// Adds `together` columns to the sums of rows: few enough to be added up in single precision first.
constexpr Index together = 8;
CONFER_VECTOR_CLONES void add_row_sums(float const* g, Index ld, Index count, double* rows) {
  for (Index i = 0; i < count; ++i) {
    float const* const at = g + i;
    float const left = (at[0] + at[ld]) + (at[2 * ld] + at[3 * ld]);
    float const right = (at[4 * ld] + at[5 * ld]) + (at[6 * ld] + at[7 * ld]);
    rows[i] += static_cast<double>(left + right);
  }
}

CONFER_VECTOR_CLONES void add_to_rows(float const* g, Index count, double* rows) {
  for (Index i = 0; i < count; ++i) rows[i] += static_cast<double>(g[i]);
}

/// The sum of a column, in 16 strands that take up a few elements each in single precision.
CONFER_VECTOR_CLONES double sum_column(float const* g, Index count) {
  constexpr Index strands = 16, stretch = 8 * strands;
  double total = 0;
  Index begin = 0;
  for (; begin + stretch <= count; begin += stretch) {
    float sums[strands] = {};
    for (Index i = begin; i < begin + stretch; i += strands)
      for (Index k = 0; k < strands; ++k) sums[k] += g[i + k];
    for (Index k = 0; k < strands; ++k) total += static_cast<double>(sums[k]);
  }
  for (; begin < count; ++begin) total += static_cast<double>(g[begin]);
  return total;
}

CONFER_VECTOR_CLONES Index count_in_column(float const* values, Index count, float limit) {
  std::int32_t sum = 0;
  for (Index i = 0; i < count; ++i) sum += values[i] <= limit ? 1 : 0;
  return sum;
}

CONFER_VECTOR_CLONES void mark_column(float const* values, float const* rows, float column, Index count,
                                      unsigned char* marks) {
  for (Index i = 0; i < count; ++i)
    marks[i] = static_cast<unsigned char>((values[i] >= rows[i] ? 1 : 0) | (values[i] >= column ? 2 : 0));
}

/// Eight values of one type: loops over so few are unrolled before they become vector code, and then never do.
using Floats = float __attribute__((vector_size(32)));
using Integers = std::int32_t __attribute__((vector_size(32)));

/// values: filled up to a multiple of 8 with minus infinity.
CONFER_VECTOR_CLONES float kth_largest_by_counting(Floats const* values, Index count, std::int32_t k) {
  Index const groups = (count + 7) / 8;
  Floats const none = Floats{} + std::numeric_limits<float>::infinity();
  Floats smallest = none;
  for (Index group = 0; group < groups; ++group) {
    Floats const mine = values[group];
    Integers larger[2] = {};
    for (Index other = 0; other < groups; ++other)
      for (int lane = 0; lane < 8; lane += 2)
        for (int half = 0; half < 2; ++half) larger[half] -= mine < Floats{} + values[other][lane + half];
    Floats const counted = larger[0] + larger[1] < k ? mine : none;
    smallest = counted < smallest ? counted : smallest;
  }
  float least = smallest[0];
  for (int lane = 1; lane < 8; ++lane) least = smallest[lane] < least ? smallest[lane] : least;
  return least;
}

constexpr Index maxima = 32;
CONFER_VECTOR_CLONES void group_maxima(float const* values, Index count, float* largest) {
  for (Index begin = 0; begin < count; begin += maxima)
    for (Index k = 0; k < maxima; ++k) largest[k] = largest[k] < values[begin + k] ? values[begin + k] : largest[k];
}

template <class T, class F>
void each_column(MatrixView<T> g, F const& apply) {
  for (Index j = 0; j < g.cols; ++j) apply(g.column(j), j);
}

template <class T>
void distances(MatrixView<T> g, TileSamples<T> const& left, TileSamples<T> const& right) {
  each_column(g, [&](T* column, Index j) {
    auto const at = static_cast<std::size_t>(j);
    distance_column(column, left.squared_norms.data(), left.shifts.data(), g.rows, right.squared_norms[at],
                    right.shifts[at]);
  });
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
    return std::exp(-rate *
                    squared_distance(left[static_cast<std::size_t>(i)], right[static_cast<std::size_t>(j)], value)) -
           shift;
  });
}

void distance_tile(MatrixView<float> g, TileSamples<float> const& left, TileSamples<float> const& right) {
  distances(g, left, right);
}

void distance_tile(MatrixView<double> g, TileSamples<double> const& left, TileSamples<double> const& right) {
  distances(g, left, right);
}

void squared_distance_tile(MatrixView<float> g, std::span<float const> left, std::span<float const> right,
                           float shift) {
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

void near_distance_tile(MatrixView<float> g, std::span<float const> left, std::span<float const> right) {
  each_column(g, [&](float* column, Index j) {
    near_distance_column(column, left.data(), g.rows, right[static_cast<std::size_t>(j)]);
  });
}

Index count_below(std::span<float const> values, float limit) {
  return count_in_column(values.data(), std::ssize(values), limit);
}

Index count_below(std::span<double const> values, double limit) {
  return std::count_if(values.begin(), values.end(), [limit](double value) { return value <= limit; });
}

void mark_reached(std::span<float const> values, std::span<float const> rows, float column,
                std::span<unsigned char> marks) {
  mark_column(values.data(), rows.data(), column, static_cast<Index>(values.size()), marks.data());
}

float kth_largest_of_few(std::span<float const> values, Index k) {
  constexpr float below_all = -std::numeric_limits<float>::infinity();
  Floats filled[static_cast<std::size_t>(most_counted / 8)];
  auto const groups = (values.size() + 7) / 8;
  if (groups > 0) filled[groups - 1] = Floats{} + below_all;
  std::memcpy(filled, values.data(), values.size_bytes());
  return kth_largest_by_counting(filled, std::ssize(values), static_cast<std::int32_t>(k));
}

float surely_among_largest(std::span<float const> values, Index k) {
  auto const count = std::ssize(values) / maxima * maxima;
  if (2 * k > maxima || count == 0) return -std::numeric_limits<float>::infinity();
  std::array<float, static_cast<std::size_t>(maxima)> largest;
  largest.fill(-std::numeric_limits<float>::infinity());
  group_maxima(values.data(), count, largest.data());
  return kth_largest_of_few(largest, k);
}

void complement_tile(MatrixView<float> g, float shift) {
  each_column(g, [&](float* column, Index) { complement_column(column, g.rows, shift); });
}

void complement_tile(MatrixView<double> g, double shift) {
  each_element(g, [&](Index, Index, double value) { return (1 - value) - shift; });
}

void add_tile_sums(MatrixView<float const> g, std::span<double> rows, std::span<double> cols) {
  for (Index j = 0; j < g.cols; ++j) cols[static_cast<std::size_t>(j)] += sum_column(g.column(j), g.rows);
  Index done = 0;
  for (; done + together <= g.cols; done += together) add_row_sums(g.column(done), g.ld, g.rows, rows.data());
  for (; done < g.cols; ++done) add_to_rows(g.column(done), g.rows, rows.data());
}

void add_tile_sums(MatrixView<double const> g, std::span<double> rows, std::span<double> cols) {
  for (Index j = 0; j < g.cols; ++j)
    for (Index i = 0; i < g.rows; ++i) {
      rows[static_cast<std::size_t>(i)] += g(i, j);
      cols[static_cast<std::size_t>(j)] += g(i, j);
    }
}

}  // namespace confer
