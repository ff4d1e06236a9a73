/// Kernels of tiles element by element, distances between samples and their ranks.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "confer/linalg/pair_distances.hpp"
#include "confer/linalg/tile_functions.hpp"
#include "unit/kernel_fixtures.hpp"

namespace confer::test {
namespace {

/// Samples side by side.
template <class T>
Matrix<T> transposed_as(Matrix<double> const& x) {
  Matrix<T> out(x.cols(), x.rows());
  for (Index i = 0; i < x.rows(); ++i)
    for (Index k = 0; k < x.cols(); ++k) out(k, i) = static_cast<T>(x(i, k));
  return out;
}

template <class T>
std::vector<T> norms_of(Matrix<T> const& samples) {
  std::vector<T> norms(static_cast<std::size_t>(samples.cols()), T{0});
  for (Index i = 0; i < samples.cols(); ++i)
    for (Index k = 0; k < samples.rows(); ++k) norms[static_cast<std::size_t>(i)] += samples(k, i) * samples(k, i);
  return norms;
}

template <class T>
class Tiles : public ::testing::Test {
 protected:
  double tolerance() const { return std::is_same_v<T, float> ? 2e-6 : 1e-13; }
};
using Precisions = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Tiles, Precisions);

TYPED_TEST(Tiles, AreTheKernels) {
  using T = TypeParam;
  Matrix<double> const x = gaussian(37, 5, 1);
  Matrix<T> const samples = transposed_as<T>(x);
  std::vector<T> const norms = norms_of(samples);
  Matrix<double> const squared = squared_distances(x);
  Matrix<T> products(37, 37);
  gemm(T{1}, samples.view(), Op::transpose, samples.view(), Op::none, T{0}, products.view());
  auto const check = [&](auto const& apply, auto const& expected) {
    Matrix<T> tile = products;
    apply(tile.view());
    for (Index j = 0; j < 37; ++j)
      for (Index i = 0; i < 37; ++i)
        if (i != j) {
          EXPECT_NEAR(static_cast<double>(tile(i, j)), expected(squared(i, j)), 4 * this->tolerance());
        }
  };
  check([&](MatrixView<T> g) { gaussian_tile(g, norms, norms, static_cast<T>(0.3), static_cast<T>(0.1)); },
        [](double d) { return std::exp(-0.3 * d) - 0.1; });
  std::vector<T> const left(37, T{0.25}), right(37, T{0.75});
  check([&](MatrixView<T> g) { distance_tile(g, {norms, left}, {norms, right}); },
        [](double d) { return std::sqrt(d) - 1; });
  check([&](MatrixView<T> g) { squared_distance_tile(g, norms, norms, T{2}); }, [](double d) { return d - 2; });
}

TYPED_TEST(Tiles, SumsOfRowsAndColumns) {
  using T = TypeParam;
  constexpr Index n = 147;  // no multiple of what is added up together
  Matrix<T> tile(n, n);
  for (Index i = 0; i < tile.size(); ++i) tile.data()[i] = static_cast<T>(i % 7);
  keep_strict_lower(tile.view());
  std::vector<double> rows(n, 1.0), cols(n, 2.0), expected_rows(n, 1.0), expected_cols(n, 2.0);
  add_tile_sums(tile.const_view(), rows, cols);
  for (Index j = 0; j < n; ++j)
    for (Index i = j + 1; i < n; ++i) {
      expected_rows[static_cast<std::size_t>(i)] += static_cast<double>((i + n * j) % 7);
      expected_cols[static_cast<std::size_t>(j)] += static_cast<double>((i + n * j) % 7);
    }
  EXPECT_EQ(rows, expected_rows);
  EXPECT_EQ(cols, expected_cols);
}

TEST(TileFunctions, ExponentialFarOut) {
  Matrix<float> g(1, 5);
  std::vector<float> const zero = {0.0f}, far = {0.0f, 1e-6f, 50.0f, 86.0f, 1e9f};
  gaussian_tile(g.view(), zero, far, 1.0f, 0.0f);
  for (Index j = 0; j < 5; ++j) {
    double const expected = std::exp(-static_cast<double>(far[static_cast<std::size_t>(j)]));
    EXPECT_NEAR(static_cast<double>(g(0, j)), expected, 2e-7 * expected + 1e-37);
  }
}

TEST(TileFunctions, ExponentialIsRightToRoundingAndUnbiased) {
  constexpr Index count = 40000;
  Matrix<float> g(count, 1);
  std::vector<float> const zero = {0.0f};
  std::vector<float> far;
  for (Index i = 0; i < count; ++i) far.push_back(static_cast<float>(i) * 2e-3f);
  gaussian_tile(g.view(), far, zero, 1.0f, 0.0f);
  double worst = 0, mean = 0;
  for (Index i = 0; i < count; ++i) {
    double const expected = std::exp(-static_cast<double>(far[static_cast<std::size_t>(i)]));
    double const error = static_cast<double>(g(i, 0)) / expected - 1;
    worst = std::max(worst, std::abs(error));
    mean += error / static_cast<double>(count);
  }
  EXPECT_LT(worst, 2e-7);
  EXPECT_LT(std::abs(mean), 2e-8);
}

TEST(TileFunctions, MarksWhatReachesEitherThreshold) {
  std::vector<float> values, rows;
  for (int i = 0; i < 37; ++i) {
    values.push_back(static_cast<float>(i % 10));
    rows.push_back(i < 20 ? 100.0f : 3.0f);
  }
  std::vector<unsigned char> marks(37, 7);
  mark_reached(values, rows, 7.0f, marks);
  for (std::size_t i = 0; i < 37; ++i)
    EXPECT_EQ(marks[i], (values[i] >= rows[i] ? 1 : 0) + (values[i] >= 7.0f ? 2 : 0)) << i;
}

/// By sorting all distances.
double sorted_median(Matrix<double> const& x) {
  std::vector<double> values = above_diagonal(squared_distances(x));
  for (double& v : values) v = std::sqrt(v);
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

template <class T>
double median_of(Matrix<double> const& x) {
  auto const samples = transposed_as<T>(x);
  auto const norms = norms_of(samples);
  return summarise_distances(samples.const_view(), std::vector<double>(norms.begin(), norms.end())).median;
}

TEST(PairDistances, MedianOfOddAndEvenNumbers) {
  for (Index n : {2, 3, 4, 50, 301, 700, 1201}) {
    Matrix<double> const x = gaussian(n, 3, static_cast<unsigned>(n));
    EXPECT_NEAR(median_of<double>(x), sorted_median(x), 1e-12) << n;
    EXPECT_NEAR(median_of<float>(x), sorted_median(x), 3e-6) << n;
  }
  Matrix<double> const one(3, 1);
  EXPECT_TRUE(std::isnan(summarise_distances(one.view(), std::vector<double>(1, 0.0)).median));
}

/// Evenly spaced samples tell where the median lies; here they are all unlike the others.
TEST(PairDistances, MedianThatNoSketchForetells) {
  constexpr Index n = 1024;  // every fourth is looked at first
  Matrix<double> x = gaussian(n, 3, 5);
  for (Index i = 0; i < n; i += 4)
    for (Index k = 0; k < 3; ++k) x(i, k) *= 40;
  EXPECT_NEAR(median_of<double>(x), sorted_median(x), 1e-11);
  EXPECT_NEAR(median_of<float>(x), sorted_median(x), 1e-4);
}

TEST(PairDistances, MedianOfEqualDistances) {
  Matrix<double> x(900, 2);  // most samples coincide
  for (Index i = 0; i < 900; i += 10) x(i, 0) = static_cast<double>(i);
  EXPECT_EQ(median_of<double>(x), 0);
  EXPECT_EQ(median_of<float>(x), 0);
  for (Index i = 0; i < 900; ++i) x(i, 0) = static_cast<double>(i % 3);
  EXPECT_EQ(median_of<double>(x), 1);
  EXPECT_EQ(median_of<float>(x), 1);
}

TEST(PairDistances, SinglePrecisionCannotTellThoseOfNearSamples) {
  Matrix<double> x = gaussian(80, 5, 8);
  auto const share = [&] {
    auto const samples = transposed_as<float>(x);
    std::vector<float> const norms = norms_of(samples);
    return summarise_distances(samples.const_view(), std::vector<double>(norms.begin(), norms.end())).near_share;
  };
  EXPECT_EQ(share(), 0);
  for (Index i = 0; i < 20; ++i)
    for (Index k = 0; k < 5; ++k) x(40 + i, k) = x(i, k) + (k == i % 5 ? 5e-4 : 0);
  EXPECT_DOUBLE_EQ(share(), 20.0 / (80 * 79 / 2));
}

TEST(PairDistances, RanksAreThoseOfTheDistances) {
  Matrix<double> x = gaussian(300, 4, 1);
  for (Index k = 0; k < 4; ++k) x(17, k) = x(290, k);  // equal samples have equal distances to all others
  std::vector<double> const expected = centred_ranks(above_diagonal(squared_distances(x)));
  auto const samples = transposed_as<double>(x);
  auto const fine = distance_ranks<std::uint32_t>(samples.view());
  auto const coarse = distance_ranks<std::uint16_t>(samples.view());
  RankDecoder<std::uint32_t> const exact(300);
  RankDecoder<std::uint16_t> const rounded(300);
  ASSERT_EQ(fine.size(), expected.size());
  for (std::size_t k = 0; k < expected.size(); ++k) {
    EXPECT_NEAR(exact(fine[k]), expected[k], 1e-12);
    EXPECT_NEAR(rounded(coarse[k]), expected[k], 1.0 / 65536);
  }
}

TEST(PairDistances, WholeNumbersTieExactly) {
  Matrix<double> x(120, 6);
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = static_cast<double>((i * i * 7 + i / 5) % 3);
  std::vector<double> const expected = centred_ranks(above_diagonal(squared_distances(x)));
  auto const codes = distance_ranks<std::uint32_t>(transposed_as<double>(x).view());
  RankDecoder<std::uint32_t> const decode(120);
  for (std::size_t k = 0; k < expected.size(); ++k) EXPECT_NEAR(decode(codes[k]), expected[k], 1e-12);
}

TEST(PairDistances, CodesOf16BitsAreRightOnTheMeanOverTies) {
  Matrix<double> x(300, 2);
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = static_cast<double>((i * i * 7 + i / 5) % 3);
  std::vector<double> const expected = centred_ranks(above_diagonal(squared_distances(x)));
  auto const codes = distance_ranks<std::uint16_t>(transposed_as<double>(x).view());
  RankDecoder<std::uint16_t> const decode(300);
  std::map<double, double> errors;
  for (std::size_t k = 0; k < expected.size(); ++k) errors[expected[k]] += decode(codes[k]) - expected[k];
  EXPECT_LT(errors.size(), 10U);
  for (auto const& [rank, sum] : errors) EXPECT_LT(std::abs(sum), 4.0 / 65536) << rank;  // of thousands
}

TEST(TileFunctions, EqualSamplesAreAtNoDistance) {
  float const norm = 0.7f, product = 0.7f * (1 - 1e-7f);
  Matrix<float> g(1, 1);
  g(0, 0) = product;
  std::vector<float> const norms = {norm}, shifts = {0.125f};
  distance_tile(g.view(), {norms, shifts}, {norms, shifts});
  EXPECT_EQ(g(0, 0), -0.25f);
}

TEST(KthLargest, OfFewIsThatOfTheSortedValues) {
  for (Index const count : {1, 5, 16, 17, 40, 64}) {
    std::vector<float> values;
    for (Index i = 0; i < count; ++i) values.push_back(static_cast<float>((i * 7 + 3) % 11));  // many ties
    std::vector<float> sorted = values;
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
    for (Index k = 1; k <= count; ++k) EXPECT_EQ(kth_largest_of_few(values, k), sorted[static_cast<std::size_t>(k - 1)]);
  }
}

}  // namespace
}  // namespace confer::test
