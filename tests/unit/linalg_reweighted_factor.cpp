/// A factor of rows with weights against the factor of the repeated rows themselves.
#include <gtest/gtest.h>

#include <cmath>

#include "confer/linalg/reweighted_factor.hpp"
#include "unit/pair_fixtures.hpp"

namespace confer {
namespace {

using namespace confer::test;

/// Rows of `x`, each as often as its weight says.
Matrix<double> repeated(Matrix<double> const& x, std::vector<double> const& weights) {
  Index rows = 0;
  for (double const w : weights) rows += static_cast<Index>(w);
  Matrix<double> result(rows, x.cols());
  Index row = 0;
  for (Index i = 0; i < x.rows(); ++i)
    for (Index k = 0; k < static_cast<Index>(weights[static_cast<std::size_t>(i)]); ++k, ++row)
      for (Index j = 0; j < x.cols(); ++j) result(row, j) = x(i, j);
  return result;
}

ReweightedFactor reweighted(PlainFactor const& factor, std::vector<double> const& weights) {
  WeightedMoments moments(factor.basis.cols());
  Index const half = factor.basis.rows() / 2;  // the rows come in parts
  std::span<double const> const all = weights;
  moments.add(factor.basis.view().block(0, 0, half, factor.basis.cols()), all.first(static_cast<std::size_t>(half)));
  moments.add(factor.basis.view().block(half, 0, factor.basis.rows() - half, factor.basis.cols()),
              all.subspan(static_cast<std::size_t>(half)));
  return reweight(moments, factor.values, 1e-10 * factor.values.front());
}

/// sqrt(w) (U - mean) rotation.
Matrix<double> basis_of(PlainFactor const& factor, std::vector<double> const& weights, ReweightedFactor const& drawn) {
  Matrix<double> rows(factor.basis.rows(), factor.basis.cols()), basis(factor.basis.rows(), drawn.rank());
  for (Index j = 0; j < rows.cols(); ++j)
    for (Index i = 0; i < rows.rows(); ++i)
      rows(i, j) = std::sqrt(weights[static_cast<std::size_t>(i)]) *
                   (factor.basis(i, j) - drawn.mean[static_cast<std::size_t>(j)]);
  gemm(1, rows.const_view(), Op::none, drawn.rotation.const_view(), Op::none, 0, basis.view());
  return basis;
}

std::vector<double> weights_of(Index rows) {
  std::vector<double> weights;
  for (Index i = 0; i < rows; ++i) weights.push_back(static_cast<double>((i * 7 + 3) % 4));  // 0 to 3
  return weights;
}

TEST(ReweightedFactor, IsThatOfTheRepeatedRows) {
  Matrix<double> x = gaussian(60, 7, 1), y = gaussian(60, 5, 2);
  for (Index i = 0; i < 60; ++i) {
    y(i, 0) += 2 * x(i, 0);
    x(i, 6) *= 1e-4;  // small directions keep their digits
  }
  std::vector<double> const weights = weights_of(60);
  PlainFactor const fx = factor(x), fy = factor(y);
  ReweightedFactor const rx = reweighted(fx, weights), ry = reweighted(fy, weights);
  PlainFactor const direct_x = factor(repeated(x, weights)), direct_y = factor(repeated(y, weights));
  ASSERT_EQ(rx.rank(), 7);
  for (std::size_t i = 0; i < 7; ++i) EXPECT_NEAR(rx.singular_values[i] / direct_x.values[i], 1, 1e-9);

  Matrix<double> const ux = basis_of(fx, weights, rx), uy = basis_of(fy, weights, ry);
  Matrix<double> gram(7, 7), cross(7, 5), direct(7, 5);
  gemm(1, ux.const_view(), Op::transpose, ux.const_view(), Op::none, 0, gram.view());
  for (Index j = 0; j < 7; ++j)
    for (Index i = 0; i < 7; ++i) EXPECT_NEAR(gram(i, j), i == j ? 1 : 0, 1e-10);
  gemm(1, ux.const_view(), Op::transpose, uy.const_view(), Op::none, 0, cross.view());
  gemm(1, direct_x.basis.const_view(), Op::transpose, direct_y.basis.const_view(), Op::none, 0, direct.view());
  for (Index j = 0; j < 5; ++j)  // up to the signs of the directions
    for (Index i = 0; i < 7; ++i) EXPECT_NEAR(std::abs(cross(i, j)), std::abs(direct(i, j)), 1e-9);
}

TEST(ReweightedFactor, LoadingsGiveTheDataBack) {
  Matrix<double> const x = gaussian(30, 4, 5);
  std::vector<double> const weights = weights_of(30);
  PlainFactor const before = factor(x);
  ReweightedFactor const drawn = reweighted(before, weights);
  // loadings are diag(s') R' against V': in terms of the stored diag(s) V' each column is divided by its s.
  Matrix<double> turn = drawn.loadings, loadings(4, 4), gram(4, 4), expected(4, 4);
  for (Index j = 0; j < 4; ++j)
    for (Index i = 0; i < 4; ++i) turn(i, j) /= before.values[static_cast<std::size_t>(j)];
  gemm(1, turn.const_view(), Op::none, before.loadings.const_view(), Op::none, 0, loadings.view());
  gemm(1, loadings.const_view(), Op::transpose, loadings.const_view(), Op::none, 0, gram.view());
  Matrix<double> const rows = centred(repeated(x, weights));
  gemm(1, rows.const_view(), Op::transpose, rows.const_view(), Op::none, 0, expected.view());
  for (Index j = 0; j < 4; ++j)
    for (Index i = 0; i < 4; ++i) EXPECT_NEAR(gram(i, j), expected(i, j), 1e-10);
}

TEST(ReweightedFactor, FewDifferentRowsSpanFewDirections) {
  Matrix<double> const x = gaussian(20, 6, 9);
  std::vector<double> weights(20, 0.0);
  weights[2] = 5;
  weights[11] = 10;
  weights[17] = 5;
  PlainFactor const before = factor(x);
  EXPECT_EQ(reweighted(before, weights).rank(), 2);
  weights[2] = weights[17] = 0;
  EXPECT_EQ(reweighted(before, weights).rank(), 0);
}

}  // namespace
}  // namespace confer
