#include "confer/linalg/pair_distances.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>

#include "confer/linalg/dense.hpp"

namespace confer {

namespace {

constexpr Index block = 256;

double near_squared_distance(MatrixView<double const> samples, Index i, Index j) {
  double sum = 0;
  for (Index k = 0; k < samples.rows; ++k) sum += (samples(k, i) - samples(k, j)) * (samples(k, i) - samples(k, j));
  return sum;
}

/// Calls visit(i, j, squared distance) for all i < j, block by block.
template <class T, class Visit>
void each_squared_distance(MatrixView<T const> samples, std::span<double const> norms, Visit const& visit) {
  Matrix<T> products(block, block);
  for (Index right = 0; right < samples.cols; right += block)
    for (Index left = 0; left <= right; left += block) {
      Index const rows = std::min(block, samples.cols - left), cols = std::min(block, samples.cols - right);
      auto const g = products.view().block(0, 0, rows, cols);
      gemm(T{1}, samples.block(0, left, samples.rows, rows), Op::transpose,
           samples.block(0, right, samples.rows, cols), Op::none, T{0}, g);
      for (Index j = 0; j < cols; ++j)
        for (Index i = 0; i < (left == right ? j : rows); ++i) {
          double const both = norms[static_cast<std::size_t>(left + i)] + norms[static_cast<std::size_t>(right + j)];
          double d = both - 2 * static_cast<double>(g(i, j));
          // Of near samples rounding would leave no digits, of equal ones a distance.
          if constexpr (std::is_same_v<T, double>) {
            if (d < 1e-6 * both) d = near_squared_distance(samples, left + i, right + j);
          } else {
            if (d < 8 * static_cast<double>(std::numeric_limits<T>::epsilon()) * both) d = 0;
          }
          visit(left + i, right + j, d);
        }
    }
}

template <class T>
double median_any(MatrixView<T const> samples, std::span<double const> squared_norms) {
  Index const all = samples.cols, used = std::min(all, median_samples);
  if (all < 2) return std::numeric_limits<double>::quiet_NaN();
  Matrix<T> chosen;
  std::vector<double> norms(squared_norms.begin(), squared_norms.end());
  if (used < all) {
    chosen = Matrix<T>(samples.rows, used);
    norms.resize(static_cast<std::size_t>(used));
    for (Index k = 0; k < used; ++k) {
      Index const at = k * all / used;
      std::copy_n(samples.column(at), samples.rows, chosen.view().column(k));
      norms[static_cast<std::size_t>(k)] = squared_norms[static_cast<std::size_t>(at)];
    }
    samples = chosen;
  }
  std::vector<T> values;
  values.reserve(static_cast<std::size_t>(used * (used - 1) / 2));
  each_squared_distance(samples, norms, [&](Index, Index, double d) { values.push_back(static_cast<T>(d)); });
  auto const middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  double const upper = std::sqrt(static_cast<double>(*middle));
  if (values.size() % 2 == 1) return upper;
  return (upper + std::sqrt(static_cast<double>(*std::max_element(values.begin(), middle)))) / 2;
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

double median_distance(MatrixView<float const> samples, std::span<double const> squared_norms) {
  return median_any(samples, squared_norms);
}
double median_distance(MatrixView<double const> samples, std::span<double const> squared_norms) {
  return median_any(samples, squared_norms);
}

/// Each distance becomes one word: its place on a fine grid above, the number of its pair below.
template <class U>
std::vector<U> distance_ranks(MatrixView<double const> samples) {
  Index const n = samples.cols;
  auto const pairs = static_cast<std::uint64_t>(n * (n - 1) / 2);
  std::vector<double> norms;
  double largest = 0;
  for (Index i = 0; i < n; ++i) {
    double norm = 0;
    for (double const value : samples.column_span(i)) norm += value * value;
    norms.push_back(norm);
    largest = std::max(largest, norm);
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
    U const code = sizeof(U) == sizeof(std::uint32_t)
                       ? static_cast<U>(doubled)
                       : static_cast<U>(static_cast<double>(doubled - 1) / static_cast<double>(2 * pairs) * 65536);
    for (std::size_t k = begin; k < end; ++k) codes[static_cast<std::size_t>(words[k] & mask)] = code;
    begin = end;
  }
  return codes;
}
template std::vector<std::uint16_t> distance_ranks(MatrixView<double const> samples);
template std::vector<std::uint32_t> distance_ranks(MatrixView<double const> samples);

}  // namespace confer
