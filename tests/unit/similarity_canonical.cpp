#include <gtest/gtest.h>

#include <numeric>
#include <random>

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
      EXPECT_NEAR(fast.correlations[i], exact.correlations[i], 1e-9);
      EXPECT_NEAR(fast.weights_x[i] / exact.weights_x[i], 1, 1e-4);
      EXPECT_NEAR(fast.weights_y[i] / exact.weights_y[i], 1, 1e-4);
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
