/// Closed forms and definitions of the measures beyond the core set.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "confer/similarity/chance.hpp"
#include "similarity/ridge_fit.hpp"
#include "unit/pair_fixtures.hpp"
#include "unit/paired_design.hpp"

namespace confer::test {
namespace {

Matrix<double> gram(Matrix<double> const& data) {
  Matrix<double> const x = centred(data);
  Matrix<double> result(x.rows(), x.rows());
  gemm(1, x.view(), Op::none, x.view(), Op::transpose, 0, result);
  return result;
}

double trace(Matrix<double> const& a) {
  double sum = 0;
  for (Index i = 0; i < a.rows(); ++i) sum += a(i, i);
  return sum;
}

/// Square root of a positive semi-definite matrix.
Matrix<double> root(Matrix<double> const& a) {
  Eigen const eigen = eigh(a.view());
  Matrix<double> scaled = eigen.vectors, result(a.rows(), a.rows());
  for (Index j = 0; j < a.rows(); ++j)
    for (double& value : scaled.view().column_span(j))
      value *= std::sqrt(std::max(0.0, eigen.values[static_cast<std::size_t>(j)]));
  gemm(1, scaled.view(), Op::none, eigen.vectors.view(), Op::transpose, 0, result);
  return result;
}

TEST(FurtherMeasures, CountCorrelationsAboveChance) {
  PairedDesign const d = table_design();  // edge 2 sqrt(a (1 - a)) = 0.243 for a = 6/399
  EXPECT_NEAR(score("cca_above_chance", d.x, d.y), 5.0 / 6, 1e-15);
  EXPECT_EQ(score("cca_above_chance", gaussian(30, 20, 1), gaussian(30, 20, 2)), 0) << "forced ones are no signal";
}

TEST(FurtherMeasures, AverageBothDirectionsOfPwcca) {
  PairedDesign const d = table_design();
  EXPECT_NEAR(score("pwcca_mean", d.x, d.y), 0.6189091916, 1e-10);
}

TEST(FurtherMeasures, CompareLeadingDirections) {
  PairedDesign const d = table_design();
  auto const angle = [](double c) { return std::acos(c); };
  EXPECT_NEAR(score("subspace_overlap", d.x, d.y, 0.99), (0.9025 + 0.81 + 0.49 + 0.25) / 4, 1e-12);
  EXPECT_NEAR(score("principal_angle_mean", d.x, d.y, 0.99), (angle(0.95) + angle(0.9) + angle(0.7) + angle(0.5)) / 4,
              1e-12);
  // x keeps columns 1 to 3, y the last five: two in common.
  EXPECT_NEAR(score("subspace_overlap", d.x, d.y, 0.95), (0.81 + 0.49) / 3, 1e-12);
  EXPECT_NEAR(score("principal_angle_mean", d.x, d.y, 0.95), (angle(0.9) + angle(0.7) + std::numbers::pi / 2) / 3,
              1e-12);
}

TEST(FurtherMeasures, RvAndBuresByTheirOwnDefinitions) {
  Matrix<double> const x = gaussian(30, 4, 1), y = added(gaussian(30, 4, 2), x, 0.5);
  Matrix<double> const k = gram(x), l = gram(y);
  double const rv = trace(product(k, l)) / std::sqrt(trace(product(k, k)) * trace(product(l, l)));
  EXPECT_NEAR(score("rv", x, y), rv, 1e-12);
  Matrix<double> const half = root(k);
  double const fidelity = trace(root(product(product(half, l), half)));
  EXPECT_NEAR(score("bures", x, y), fidelity / std::sqrt(trace(k) * trace(l)), 1e-6);
}

TEST(FurtherMeasures, ShapeDistance) {
  PairedDesign const d = table_design();
  double const level_s = std::sqrt(139.25 / 6), level_t = std::sqrt(91.0 / 6);
  double product_sum = 0, squares_v = 0, squares_w = 0;
  for (std::size_t j = 0; j < 6; ++j) {
    double const v = (d.s[j] + level_s) / 2, w = (d.t[j] + level_t) / 2;
    product_sum += v * w * d.c[j];
    squares_v += v * v;
    squares_w += w * w;
  }
  EXPECT_NEAR(score("shape_alpha", d.x, d.y), std::acos(product_sum / std::sqrt(squares_v * squares_w)), 1e-12);
}

TEST(FurtherMeasures, GulpDistance) {
  PairedDesign const d = table_design();
  double squared = 0;
  for (std::size_t j = 0; j < 6; ++j) {
    double const f = d.s[j] * d.s[j] / (d.s[j] * d.s[j] + 1.3925), g = d.t[j] * d.t[j] / (d.t[j] * d.t[j] + 0.91);
    squared += f * f + g * g - 2 * f * g * d.c[j] * d.c[j];
  }
  EXPECT_NEAR(score("gulp", d.x, d.y), std::sqrt(squared), 1e-12);
}

TEST(Ridge, ExplainedShareHasItsClosedFormForEveryPenalty) {
  PairedDesign const d = table_design();
  PlainFactor const x = factor(d.x), y = factor(d.y);
  PairWorkspace const pair(x.view(), y.view(), needs_cross);
  for (double lambda : {0.0, 0.3, 4.0, 1000.0}) {
    double explained = 0;
    for (std::size_t j = 0; j < 6; ++j) {
      double const f = d.s[j] * d.s[j] / (d.s[j] * d.s[j] + lambda);
      explained += (2 * f - f * f) * d.t[j] * d.t[j] * d.c[j] * d.c[j] / 91;
    }
    EXPECT_NEAR(ridge_fit(pair.stats(), lambda / 100).explained, explained, 1e-12) << lambda;
  }
}

TEST(Ridge, PenaltyIsTheBestOfAllByTheCriterionOfTheHatMatrix) {
  Matrix<double> const x = centred(gaussian(40, 12, 3));
  Matrix<double> const y = centred(added(gaussian(40, 2, 4), product(x, gaussian(12, 2, 5)), 0.2));
  PlainFactor const fx = factor(x), fy = factor(y);
  PairWorkspace const pair(fx.view(), fy.view(), needs_cross);
  RidgeFit const chosen = cross_validated_ridge(pair.stats());
  double const unit = fx.values[0] * fx.values[0];
  // GCV from X'X + lambda I itself, by inverting through its eigenvectors.
  auto const criterion = [&](double lambda) {
    Matrix<double> covariance(12, 12);
    gemm(1, x.view(), Op::transpose, x.view(), Op::none, 0, covariance);
    Eigen const eigen = eigh(covariance.view());
    Matrix<double> scores = product(x, eigen.vectors), fitted(40, 2), coefficients(12, 2);
    gemm(1, scores.view(), Op::transpose, y.view(), Op::none, 0, coefficients);
    double freedom = 0;
    for (Index i = 0; i < 12; ++i) {
      double const value = eigen.values[static_cast<std::size_t>(i)];
      freedom += value / (value + lambda);
      for (Index j = 0; j < 2; ++j) coefficients(i, j) /= value + lambda;
    }
    fitted = product(scores, coefficients);
    double const left = 1 - freedom / 39;
    return squared_norm(added(y, fitted, -1).view()) / (left * left);
  };
  double const at_chosen = criterion(chosen.lambda * unit);
  EXPECT_NEAR(chosen.predicted, 1 - at_chosen / squared_norm(y.view()), 1e-12);
  for (double factor : {0.0, 0.01, 0.5, 0.9, 1.1, 2.0, 100.0})
    EXPECT_GT(criterion(chosen.lambda * unit * factor), at_chosen) << factor;
}

TEST(Ridge, PredictsNothingFromUnrelatedNeuronsHoweverMany) {
  Matrix<double> const y = gaussian(60, 5, 1);
  for (Index width : {10, 40, 58, 90}) {
    Matrix<double> const x = gaussian(60, width, 2);
    EXPECT_LT(score("ridge_gcv", x, y), 0.06) << width;
    EXPECT_LE(score("ridge", x, y), score("regression", x, y) + 1e-12) << width;
  }
  EXPECT_GT(score("regression", gaussian(60, 40, 2), y), 0.5);
}

TEST(Ridge, PredictionIsThatOfFreshSamples) {
  // y = x w + noise with known share of signal: 0.8 of the variance, fitted from enough samples.
  Matrix<double> const x = gaussian(4000, 10, 7), w = rotation(10, 8);
  Matrix<double> const y = added(product(x, w), gaussian(4000, 10, 9), 0.5);
  EXPECT_NEAR(score("ridge_gcv", x, y), 0.8, 0.01);
}

}  // namespace
}  // namespace confer::test
