#include "confer/linalg/pair_distances.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "confer/linalg/dense.hpp"
#include "linalg/near_samples.hpp"

namespace confer {

namespace {

constexpr Index block = 256;

/// Calls visit(i, j, squared distance) for all i < j, block by block.
template <class Visit>
void each_squared_distance(MatrixView<double const> samples, std::span<double const> norms, Visit const& visit) {
  Matrix<double> products(block, block);
  for (Index right = 0; right < samples.cols; right += block)
    for (Index left = 0; left <= right; left += block) {
      Index const rows = std::min(block, samples.cols - left), cols = std::min(block, samples.cols - right);
      auto const g = products.view().block(0, 0, rows, cols);
      gemm(1.0, samples.block(0, left, samples.rows, rows), Op::transpose,
           samples.block(0, right, samples.rows, cols), Op::none, 0.0, g);
      for (Index j = 0; j < cols; ++j)
        for (Index i = 0; i < (left == right ? j : rows); ++i) {
          double const both = norms[static_cast<std::size_t>(left + i)] + norms[static_cast<std::size_t>(right + j)];
          visit(left + i, right + j, squared_distance(samples, left + i, right + j, both, g(i, j)));
        }
    }
}

/// 65536 (rank - 1/2) / N, rounded up or down so that the mean over equal distances is right: where there are few
/// different ones, errors of their codes would not average out. doubled: twice the rank; number: among the equal ones.
std::uint16_t short_code(std::uint64_t doubled, std::uint64_t pairs, std::size_t number) {
  constexpr double golden = 0.6180339887498949;
  double const exact = static_cast<double>(doubled - 1) / static_cast<double>(2 * pairs) * 65536;
  double const turn = static_cast<double>(number) * golden, up = turn - std::floor(turn);
  // A code stands for the middle of what is rounded to it; a single one is rounded down to its interval.
  double const code = std::floor(exact + (up < 0.5 ? up : up - 1));
  return static_cast<std::uint16_t>(std::clamp(code, 0.0, 65535.0));
}

/// Sorts by the bits from `low` on; equal ones stay in order.
void radix_sort(std::vector<std::uint64_t>& values, int low) {
  std::vector<std::uint64_t> other(values.size());
  constexpr int digit = 11;
  for (int shift = low; shift < 64; shift += digit) {
    std::array<std::size_t, (std::size_t{1} << digit) + 1> begin{};
    auto const bucket = [shift](std::uint64_t v) { return (v >> shift) & ((std::uint64_t{1} << digit) - 1); };
    for (std::uint64_t const v : values) ++begin[bucket(v) + 1];
    for (std::size_t k = 1; k < begin.size(); ++k) begin[k] += begin[k - 1];
    for (std::uint64_t const v : values) other[begin[bucket(v)]++] = v;
    values.swap(other);
  }
}

}  // namespace

/// Each distance becomes one word: its place on a fine grid above, the number of its pair below.
template <class U>
std::vector<U> distance_ranks(MatrixView<double const> samples) {
  Index const n = samples.cols;
  auto const pairs = static_cast<std::uint64_t>(n * (n - 1) / 2);
  std::vector<double> norms;
  double largest = 0;
  for (Index i = 0; i < n; ++i) {
    norms.push_back(dot(samples.column_span(i), samples.column_span(i)));
    largest = std::max(largest, norms.back());
  }
  int const low = std::max(1, static_cast<int>(std::bit_width(pairs)));
  // Fine enough to tell values apart, coarse enough to take rounding for a tie; the doubled ranks want fewer mergers.
  int const levels = std::min(64 - low, sizeof(U) == sizeof(std::uint32_t) ? 38 : 33);
  double const grid = largest > 0 ? std::ldexp(1.0, levels - 1) / (2 * std::sqrt(largest)) : 0;
  std::vector<std::uint64_t> words(static_cast<std::size_t>(pairs));
  each_squared_distance(samples, norms, [&](Index i, Index j, double d) {
    auto const number = static_cast<std::uint64_t>(j * (j - 1) / 2 + i);
    words[static_cast<std::size_t>(number)] = (static_cast<std::uint64_t>(std::sqrt(d) * grid + 0.5) << low) | number;
  });
  radix_sort(words, low);

  std::vector<U> codes(words.size());
  std::uint64_t const mask = (std::uint64_t{1} << low) - 1;
  for (std::size_t begin = 0; begin < words.size();) {
    std::size_t end = begin + 1;
    while (end < words.size() && (words[end] >> low) == (words[begin] >> low)) ++end;
    std::uint64_t const doubled = begin + 1 + end;  // twice the mean of the ranks begin + 1 .. end
    for (std::size_t k = begin; k < end; ++k) {
      U& code = codes[static_cast<std::size_t>(words[k] & mask)];
      if constexpr (sizeof(U) == sizeof(std::uint32_t))
        code = static_cast<U>(doubled);
      else
        code = short_code(doubled, pairs, k - begin);
    }
    begin = end;
  }
  return codes;
}
template std::vector<std::uint16_t> distance_ranks(MatrixView<double const> samples);
template std::vector<std::uint32_t> distance_ranks(MatrixView<double const> samples);

}  // namespace confer
