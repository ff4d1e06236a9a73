/// Cross-validated measures against fits made fold by fold from the data themselves.
#include <gtest/gtest.h>

#include <cmath>

#include "confer/similarity/held_out.hpp"
#include "unit/pair_fixtures.hpp"

namespace confer::test {
namespace {

struct Split {
  Matrix<double> fit, held;  ///< both less the mean of the rows fitted on
};

Split split(Matrix<double> const& data, std::vector<Index> const& fold_of, Index fold) {
  std::vector<Index> fit, held;
  for (Index i = 0; i < data.rows(); ++i) (fold_of[static_cast<std::size_t>(i)] == fold ? held : fit).push_back(i);
  auto const rows = [&](std::vector<Index> const& chosen) {
    Matrix<double> result(std::ssize(chosen), data.cols());
    for (Index j = 0; j < data.cols(); ++j)
      for (Index i = 0; i < result.rows(); ++i) result(i, j) = data(chosen[static_cast<std::size_t>(i)], j);
    return result;
  };
  Split parts{rows(fit), rows(held)};
  for (Index j = 0; j < data.cols(); ++j) {
    double mean = 0;
    for (double const value : parts.fit.view().column_span(j)) mean += value / static_cast<double>(parts.fit.rows());
    for (double& value : parts.fit.view().column_span(j)) value -= mean;
    for (double& value : parts.held.view().column_span(j)) value -= mean;
  }
  return parts;
}

Matrix<double> transposed_product(Matrix<double> const& a, Matrix<double> const& b) {
  Matrix<double> result(a.cols(), b.cols());
  gemm(1, a.view(), Op::transpose, b.view(), Op::none, 0, result);
  return result;
}

/// Least squares by the pseudo-inverse of the rows fitted on.
double regression(Matrix<double> const& x, Matrix<double> const& y, Index folds) {
  std::vector<Index> const fold_of = folds_of_samples(x.rows(), folds);
  double error = 0, variance = 0;
  for (Index f = 0; f < folds; ++f) {
    Split const a = split(x, fold_of, f), b = split(y, fold_of, f);
    Svd const s = svd(a.fit);
    Matrix<double> inner = transposed_product(s.u, b.fit), map(x.cols(), y.cols());
    for (Index i = 0; i < inner.rows(); ++i)
      for (Index j = 0; j < inner.cols(); ++j) {
        double const value = s.s[static_cast<std::size_t>(i)];
        inner(i, j) = value > 1e-10 * s.s[0] ? inner(i, j) / value : 0;
      }
    gemm(1, s.vt.view(), Op::transpose, inner.view(), Op::none, 0, map);
    error += squared_norm(added(b.held, product(a.held, map), -1).view());
    variance += squared_norm(b.held.view());
  }
  return 1 - error / variance;
}

double procrustes(Matrix<double> const& x, Matrix<double> const& y, Index folds) {
  std::vector<Index> const fold_of = folds_of_samples(x.rows(), folds);
  double sum = 0, norm_x = 0, norm_y = 0;
  for (Index f = 0; f < folds; ++f) {
    Split const a = split(x, fold_of, f), b = split(y, fold_of, f);
    Svd const s = svd(transposed_product(a.fit, b.fit));
    Matrix<double> const moved = product(a.held, product(s.u, s.vt));
    for (Index i = 0; i < moved.size(); ++i) sum += moved.data()[i] * b.held.data()[i];
    norm_x += squared_norm(a.held.view());
    norm_y += squared_norm(b.held.view());
  }
  return sum / std::sqrt(norm_x * norm_y);
}

TEST(HeldOut, EqualsFitsMadeFoldByFold) {
  Matrix<double> const shared = gaussian(60, 3, 1);
  for (auto const& [p, q] : {std::pair<Index, Index>{5, 8}, {8, 5}, {1, 4}, {5, 70}, {30, 6}}) {
    Matrix<double> const x = translated(added(gaussian(60, p, 2), product(shared, gaussian(3, p, 3)), 2));
    Matrix<double> const y = translated(added(gaussian(60, q, 4), product(shared, gaussian(3, q, 5)), 2));
    for (Index folds : {2, 5, 60}) {
      EXPECT_NEAR(held_out_score(*find_measure("regression_held_out"), x, y, folds), regression(x, y, folds), 1e-9)
          << p << " " << q << " " << folds;
      EXPECT_NEAR(held_out_score(*find_measure("procrustes_held_out"), x, y, folds), procrustes(x, y, folds), 1e-9)
          << p << " " << q << " " << folds;
    }
  }
}

TEST(HeldOut, UnrelatedRepresentationsPredictNothing) {
  Matrix<double> const x = gaussian(100, 80, 7), y = gaussian(100, 80, 8);
  EXPECT_GT(score("procrustes", x, y), 0.6);  // fitted and judged on the same samples
  EXPECT_NEAR(score("procrustes_held_out", x, y), 0, 0.05);
  EXPECT_GT(score("regression", x, y), 0.7);
  EXPECT_LT(score("regression_held_out", x, y), 0);
}

TEST(HeldOut, FoldsAreEqualAndNotInOrder) {
  for (Index samples : {5, 17, 100}) {
    std::vector<Index> const fold_of = folds_of_samples(samples, 5);
    std::vector<Index> sizes(5, 0);
    for (Index const fold : fold_of) ++sizes[static_cast<std::size_t>(fold)];
    for (Index const size : sizes) EXPECT_TRUE(size == samples / 5 || size == (samples + 4) / 5);
  }
  std::vector<Index> const fold_of = folds_of_samples(1000, 2);
  Index changes = 0;
  for (std::size_t i = 1; i < fold_of.size(); ++i) changes += fold_of[i] != fold_of[i - 1] ? 1 : 0;
  EXPECT_NEAR(static_cast<double>(changes), 500, 80);
}

}  // namespace
}  // namespace confer::test
