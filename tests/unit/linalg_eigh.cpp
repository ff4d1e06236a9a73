#include <gtest/gtest.h>

#include <cmath>

#include "confer/linalg/dense.hpp"
#include "dense_fixtures.hpp"

namespace confer {
namespace {

/// Q diag(values) Q'.
Matrix<double> symmetric(Matrix<double> const& q, std::vector<double> const& values) {
  Matrix<double> scaled = q, result(q.rows(), q.rows());
  for (Index j = 0; j < q.cols(); ++j)
    for (double& value : scaled.view().column_span(j)) value *= values[static_cast<std::size_t>(j)];
  gemm(1.0, scaled, Op::none, q, Op::transpose, 0.0, result);
  return result;
}

void expect_planted(Index size, std::vector<double> const& values, double scale) {
  Matrix<double> a = symmetric(test::rotation(size, 3), values);
  for (Index j = 0; j < size; ++j)
    for (Index i = 0; i < size; ++i) a(i, j) = i < j ? 1e3 * scale : a(i, j) * scale;  // above the diagonal: not read
  Eigen const eigen = eigh(a);
  double const tolerance = 1e-14 * std::sqrt(static_cast<double>(size)) * std::abs(values.front());
  for (std::size_t i = 0; i < values.size(); ++i)
    EXPECT_NEAR(eigen.values[i] / scale, values[i], tolerance) << size << " " << i;
  mirror_lower(a);
  Matrix<double> own(size, size), turned(size, size);
  gemm(1.0, eigen.vectors, Op::transpose, eigen.vectors, Op::none, 0.0, own);
  gemm(1.0 / scale, a, Op::none, eigen.vectors, Op::none, 0.0, turned);
  for (Index j = 0; j < size; ++j)
    for (Index i = 0; i < size; ++i) {
      EXPECT_NEAR(own(i, j), i == j ? 1.0 : 0.0, 1e-13) << size << " " << scale;
      EXPECT_NEAR(turned(i, j), eigen.values[static_cast<std::size_t>(j)] / scale * eigen.vectors(i, j), 4 * tolerance);
    }
}

TEST(Eigh, PlantedValuesOfEverySizeAndScale) {
  for (Index const size : {1, 2, 3, 17, 48, 49, 50, 97, 130})
    for (double const scale : {1.0, 1e-250, 1e250}) {
      std::vector<double> values;
      for (Index i = 0; i < size; ++i) values.push_back(static_cast<double>(size - 2 * i));  // both signs
      expect_planted(size, values, scale);
    }
}

TEST(Eigh, EqualValues) {
  std::vector<double> values(60, 2.0);
  std::fill(values.begin() + 20, values.end(), 1.0);
  std::fill(values.begin() + 50, values.end(), 0.0);
  expect_planted(60, values, 1.0);
  Eigen const zero = eigh(Matrix<double>(5, 5));
  EXPECT_EQ(zero.values, std::vector<double>(5, 0.0));
  for (Index i = 0; i < 5; ++i) EXPECT_EQ(squared_norm(zero.vectors.view().block(0, i, 5, 1)), 1.0);
  EXPECT_TRUE(eigh(Matrix<double>()).values.empty());
}

}  // namespace
}  // namespace confer
