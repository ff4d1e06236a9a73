#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "confer/linalg/dense.hpp"
#include "confer/similarity/canonical.hpp"

namespace confer {
namespace {

Matrix<double> random_matrix(Index rows, Index cols, unsigned seed, double scale) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal(0, scale);
  Matrix<double> m(rows, cols);
  for (Index i = 0; i < m.size(); ++i) m.data()[i] = normal(generator);
  return m;
}

Matrix<float> single(Matrix<double> const& m) {
  Matrix<float> result(m.rows(), m.cols());
  for (Index i = 0; i < m.size(); ++i) result.data()[i] = static_cast<float>(m.data()[i]);
  return result;
}

TEST(CanonicalWeights, EigenRouteAgreesWithSingularValues) {
  for (auto const& [rows, cols] : {std::pair<Index, Index>{7, 12}, {12, 7}, {9, 9}}) {
    Matrix<double> const cross = random_matrix(rows, cols, 5, 0.1);
    Matrix<double> const x = random_matrix(rows, 700, 6, 1), y = random_matrix(cols, 20, 7, 1);
    auto const exact = canonical_weights(cross, x.const_view(), y.const_view());
    auto const fast = canonical_weights(cross, single(x).const_view(), single(y).const_view());
    ASSERT_EQ(exact.correlations.size(), static_cast<std::size_t>(std::min(rows, cols)));
    for (std::size_t i = 0; i < exact.correlations.size(); ++i) {
      EXPECT_NEAR(fast.correlations[i], exact.correlations[i], 1e-7);
      EXPECT_NEAR(fast.weights_x[i] / exact.weights_x[i], 1, 1e-4);
      EXPECT_NEAR(fast.weights_y[i] / exact.weights_y[i], 1, 1e-4);
    }
  }
}

Matrix<double> rotation(Index size, unsigned seed) { return svd(random_matrix(size, size, seed, 1)).u; }

// Single precision squares of correlations cannot tell small ones apart: these are the worst for the fast route.
TEST(CanonicalWeights, SmallCorrelationsAreToldApart) {
  Index const rows = 60, cols = 75;
  for (double const smallest : {0.3, 3e-4, 1e-6, 0.0}) {
    Matrix<double> values(rows, cols), half(rows, cols), cross(rows, cols);
    for (Index i = 0; i < rows; ++i)
      values(i, i) = i < 3 ? 1.0 - 0.02 * static_cast<double>(i) : i < 20 ? 0.9 - 0.04 * static_cast<double>(i) : smallest * (1 - 0.01 * static_cast<double>(i));
    gemm(1.0, rotation(rows, 1).const_view(), Op::none, values.const_view(), Op::none, 0.0, half.view());
    gemm(1.0, half.const_view(), Op::none, rotation(cols, 2).const_view(), Op::none, 0.0, cross.view());
    Matrix<double> const x = random_matrix(rows, 90, 6, 1), y = random_matrix(cols, 90, 7, 1);
    auto const exact = canonical_weights(cross, x.const_view(), y.const_view());
    auto const fast = canonical_weights(cross, single(x).const_view(), single(y).const_view());
    double sum = 0, exact_sum = 0, weights = 0, exact_weights = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(rows); ++i) {
      EXPECT_NEAR(fast.correlations[i], exact.correlations[i], 3e-7) << smallest << " " << i;
      sum += fast.weights_x[i] * fast.correlations[i];
      weights += fast.weights_x[i];
      exact_sum += exact.weights_x[i] * exact.correlations[i];
      exact_weights += exact.weights_x[i];
    }
    if (smallest > 1e-5) {
      EXPECT_NEAR(sum / weights, exact_sum / exact_weights, 3e-7) << smallest;
    }
  }
}

TEST(CanonicalWeights, ZeroCorrelationsStillHaveFiniteWeights) {
  Matrix<double> cross(3, 4);
  cross(0, 0) = 0.5;
  Matrix<float> const x = single(random_matrix(3, 5, 1, 1)), y = single(random_matrix(4, 6, 2, 1));
  auto const result = canonical_weights(cross, x.const_view(), y.const_view());
  EXPECT_NEAR(result.correlations[0], 0.5, 1e-12);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_GT(result.weights_x[i], 0);
    EXPECT_GT(result.weights_y[i], 0);
    EXPECT_TRUE(std::isfinite(result.weights_y[i]));
  }
}

}  // namespace
}  // namespace confer
