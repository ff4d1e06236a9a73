#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "confer/linalg/dense.hpp"
#include "confer/linalg/factor.hpp"
#include "confer/theory/alignment.hpp"

namespace confer {
namespace {

Matrix<double> random_matrix(Index rows, Index cols, unsigned seed) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<double> normal;
  Matrix<double> a(rows, cols);
  for (Index i = 0; i < a.size(); ++i) a.data()[i] = normal(generator);
  return a;
}

Matrix<double> random_orthonormal(Index rows, Index cols, unsigned seed) {
  return svd(random_matrix(rows, cols, seed)).u;
}

Matrix<double> product(MatrixView<double const> a, Op op_a, MatrixView<double const> b, Op op_b) {
  Matrix<double> c(op_a == Op::none ? a.rows : a.cols, op_b == Op::none ? b.cols : b.rows);
  gemm(1.0, a, op_a, b, op_b, 0.0, c.view());
  return c;
}

struct Direct {
  std::vector<double> s, p;
};

// By right vectors, the way the program does it.
Direct align(MatrixView<double const> phi, MatrixView<double const> y) {
  Svd const d = svd(phi);
  Matrix<double> loadings = d.vt;
  for (Index j = 0; j < loadings.cols(); ++j)
    for (Index i = 0; i < loadings.rows(); ++i) loadings(i, j) *= d.s[static_cast<std::size_t>(i)];
  return {d.s, projections(coefficients_from_loadings(d.s, loadings, product(phi, Op::transpose, y, Op::none)))};
}

struct Planted {
  Matrix<double> phi, y, u;
  std::vector<double> s, squares;
};

Planted planted(Index n, Index d, Index outputs, unsigned seed) {
  Planted result;
  result.u = random_orthonormal(n, d, seed);
  Matrix<double> const v = random_orthonormal(d, d, seed + 1);
  Matrix<double> us = result.u;
  for (Index j = 0; j < d; ++j) {
    result.s.push_back(10.0 * std::pow(0.7, static_cast<double>(j)));
    for (Index i = 0; i < n; ++i) us(i, j) *= result.s.back();
  }
  result.phi = product(us, Op::none, v, Op::transpose);
  Matrix<double> const c = random_matrix(d, outputs, seed + 2);
  result.y = product(result.u, Op::none, c, Op::none);
  for (Index j = 0; j < d; ++j) {
    result.squares.push_back(0);
    for (Index k = 0; k < outputs; ++k) result.squares.back() += c(j, k) * c(j, k);
  }
  return result;
}

TEST(Alignment, FindsPlantedProjections) {
  auto const data = planted(120, 12, 1, 1);
  auto const found = align(data.phi, data.y);
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_NEAR(found.s[i], data.s[i], 1e-12 * data.s[0]);
    EXPECT_NEAR(found.p[i], data.squares[i], 1e-10 * data.squares[i]);
  }
  double const total = squared_norm(data.y);
  auto const thresholds = demo_thresholds();
  auto const curve = alignment_curve(found.s, found.p, total, thresholds);
  ASSERT_EQ(thresholds.size(), 62u);
  EXPECT_EQ(curve[0], total);
  EXPECT_EQ(thresholds[61], 30.0);
  for (std::size_t t = 1; t < 62; ++t) {
    double direct = 0;
    for (std::size_t i = 0; i < 12; ++i)
      if (data.s[i] >= thresholds[t]) direct += data.squares[i];
    EXPECT_NEAR(curve[t], direct, 1e-10 * total);
  }
}

TEST(Alignment, AgreesWithLeftVectorsForSeveralOutputs) {
  auto const data = planted(80, 9, 4, 5);
  auto const found = align(data.phi, data.y);
  auto const left = projections(coefficients_from_basis(data.u, data.y));
  for (std::size_t i = 0; i < 9; ++i) EXPECT_NEAR(found.p[i], left[i], 1e-10 * left[i]);
}

TEST(Alignment, PredictsGradientDescent) {
  auto const phi = random_matrix(60, 7, 11);
  auto const y = random_matrix(60, 2, 12);
  auto const found = align(phi, y);
  double const total = squared_norm(y);
  std::vector<Index> steps(300);
  std::iota(steps.begin(), steps.end(), 0);
  auto const predicted = learning_curve(found.s, found.p, total, steps);
  Matrix<double> w(7, 2), error = y;
  for (std::size_t t = 0; t < steps.size(); ++t) {
    error = y;
    gemm(1.0, phi, Op::none, w, Op::none, -1.0, error);
    EXPECT_NEAR(squared_norm(error), predicted[t], 1e-8 * predicted[t]) << "step " << t;
    gemm(-1.0 / (found.s[0] * found.s[0]), phi, Op::transpose, error, Op::none, 1.0, w);
  }
  double const share = predicted[5] / total;
  EXPECT_EQ(steps_to_share(found.s, found.p, total, share * (1 + 1e-9)), 5);
  EXPECT_EQ(steps_to_share(found.s, found.p, total, 1e-3), -1);
  EXPECT_EQ(steps_to_share(found.s, found.p, total, 1.0), 0);
}

TEST(Alignment, NormOfTheLeastSquaresSolution) {
  auto const phi = random_matrix(30, 5, 21);
  auto const y = random_matrix(30, 1, 22);
  auto const found = align(phi, y);
  Matrix<double> gram = product(phi, Op::transpose, phi, Op::none);
  Svd const d = svd(gram);
  auto const b = product(phi, Op::transpose, y, Op::none);
  auto const ub = product(d.u, Op::transpose, b, Op::none);
  double square = 0;
  for (Index i = 0; i < 5; ++i) square += std::pow(ub(i, 0) / d.s[static_cast<std::size_t>(i)], 2);
  EXPECT_NEAR(minimum_norm(found.s, found.p), std::sqrt(square), 1e-10);
}

TEST(Alignment, InvariantToRotationAndSampleOrder) {
  auto const data = planted(90, 10, 2, 31);
  auto const found = align(data.phi, data.y);
  auto const rotated = align(product(data.phi, Op::none, random_orthonormal(10, 10, 40), Op::none), data.y);
  Matrix<double> phi = data.phi, y = data.y;
  for (Index i = 0; i < 90; ++i) {
    Index const from = (i * 37 + 5) % 90;
    for (Index j = 0; j < 10; ++j) phi(i, j) = data.phi(from, j);
    for (Index j = 0; j < 2; ++j) y(i, j) = data.y(from, j);
  }
  auto const permuted = align(phi, y);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_NEAR(rotated.s[i], found.s[i], 1e-10 * found.s[0]);
    EXPECT_NEAR(rotated.p[i], found.p[i], 1e-10 * found.p[i]);
    EXPECT_NEAR(permuted.p[i], found.p[i], 1e-10 * found.p[i]);
  }
}

TEST(Alignment, UncentredFactorFromTheCentredOne) {
  Matrix<double> x = random_matrix(50, 6, 51);
  for (Index i = 0; i < 50; ++i) x(i, 2) += 4.0;
  RowSource source;
  source.rows = source.total_rows = 50;
  source.features = 6;
  source.read = [&](Index begin, MatrixView<double> out) {
    for (Index j = 0; j < out.cols; ++j)
      for (Index i = 0; i < 6; ++i) out(i, j) = x(begin + j, i);
  };
  FactorOptions options;
  options.rule.relative = 1e-12;
  options.basis = false;
  Factor const centred = factor_rows(source, options);
  auto const raw = uncentred_factor(centred.loadings, centred.mean, 50, 1e-10);
  Svd const direct = svd(x);
  auto const y = random_matrix(50, 3, 52);
  auto const p = projections(
      coefficients_from_loadings(raw.singular_values, raw.loadings, product(x, Op::transpose, y, Op::none)));
  auto const expected = projections(coefficients_from_basis(direct.u, y));
  ASSERT_EQ(raw.singular_values.size(), 6u);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_NEAR(raw.singular_values[i], direct.s[i], 1e-11 * direct.s[0]);
    EXPECT_NEAR(p[i], expected[i], 1e-9 * expected[i]);
  }
}

TEST(Alignment, SummarisesMass) {
  auto const summary = summarise_mass(std::vector<double>{1, 3, 4, 1}, 10.0);
  EXPECT_DOUBLE_EQ(summary.mass[0], 0.1);
  EXPECT_DOUBLE_EQ(summary.mass[3], 0.9);
  EXPECT_EQ(summary.k50, 3);
  EXPECT_EQ(summary.k90, 4);
  EXPECT_NEAR(summary.residual, 0.1, 1e-15);
  EXPECT_NEAR(summary.area, (0.1 + 0.4 + 0.8 + 0.9) / 4, 1e-15);
  EXPECT_EQ(summarise_mass(std::vector<double>{1, 3}, 10.0).k50, -1);
  EXPECT_TRUE(std::isnan(summarise_mass(std::vector<double>{0, 0}, 0.0).mass[0]));
}

// The band against what shuffling really does: one output and several, centred and raw features.
class ShuffledBand : public testing::TestWithParam<std::pair<bool, Index>> {};

TEST_P(ShuffledBand, HoldsWhatShufflingDoes) {
  auto const [centre, outputs] = GetParam();
  Index const n = 60, k = 8;
  Matrix<double> phi = random_matrix(n, k, 61);
  for (Index i = 0; i < phi.size(); ++i) phi.data()[i] = std::abs(phi.data()[i]);
  if (centre) centre_columns(phi);
  Matrix<double> const u = svd(phi).u;
  std::vector<Index> labels;
  for (Index i = 0; i < n; ++i) labels.push_back(outputs == 1 ? (i < 20 ? 3 : 7) : i % outputs);
  auto const targets = label_targets(labels);
  ASSERT_EQ(targets.values.cols(), outputs);
  double constant_mass = 0;
  for (Index j = 0; j < k; ++j) {
    double dot = 0;
    for (Index i = 0; i < n; ++i) dot += u(i, j);
    constant_mass += dot * dot / static_cast<double>(n);
  }
  auto const band = shuffled_band(shuffled_targets(targets.values), k, constant_mass);
  std::mt19937_64 generator(7);
  int const draws = 4000;
  double mean = 0;
  int below = 0, above = 0;
  double const total = squared_norm(targets.values);
  for (int draw = 0; draw < draws; ++draw) {
    std::shuffle(labels.begin(), labels.end(), generator);
    auto const p = projections(coefficients_from_basis(u, label_targets(labels).values));
    double const a = std::accumulate(p.begin(), p.end(), 0.0) / total;
    mean += a / draws;
    below += a < band.low;
    above += a > band.high;
  }
  EXPECT_NEAR(mean, band.mean, 0.02 * band.mean);
  EXPECT_NEAR(below, 0.025 * draws, 0.02 * draws);
  EXPECT_NEAR(above, 0.025 * draws, 0.02 * draws);
}

INSTANTIATE_TEST_SUITE_P(Alignment, ShuffledBand,
                         testing::Values(std::pair<bool, Index>{true, 1}, std::pair<bool, Index>{false, 1},
                                         std::pair<bool, Index>{true, 5}, std::pair<bool, Index>{false, 5}));

TEST(Alignment, BandOfOneCentredOutputIsBeta) {
  ShuffledTargets targets;
  targets.samples = 358;
  auto const band = shuffled_band(targets, 10, 0.0);
  EXPECT_NEAR(band.mean, 10.0 / 357.0, 1e-15);
  // scipy.stats.beta.ppf([.025, .975], 5, 173.5)
  EXPECT_NEAR(band.low, 0.00920836, 1e-7);
  EXPECT_NEAR(band.high, 0.05669137, 1e-7);
}

TEST(Alignment, ConstantTargetsHaveNothingToShuffle) {
  Matrix<double> y(10, 1);
  for (Index i = 0; i < 10; ++i) y(i, 0) = 2.0;
  auto const band = shuffled_band(shuffled_targets(y), 3, 0.25);
  EXPECT_NEAR(band.mean, 0.25, 1e-12);
  EXPECT_NEAR(band.high, 0.25, 1e-12);
}

TEST(Alignment, LabelsBecomeTargets) {
  auto const binary = label_targets(std::vector<Index>{5, 2, 5});
  EXPECT_EQ(binary.classes, (std::vector<Index>{2, 5}));
  EXPECT_EQ(binary.values(0, 0), 1.0);
  EXPECT_EQ(binary.values(1, 0), -1.0);
  auto const three = label_targets(std::vector<Index>{0, 2, 1, 2});
  EXPECT_EQ(three.values.cols(), 3);
  EXPECT_EQ(three.values(3, 2), 1.0);
  EXPECT_EQ(squared_norm(three.values), 4.0);
}

TEST(Alignment, DemoPreparationGivesUnitRows) {
  auto const block = random_matrix(4, 3, 71);
  Matrix<double> out(5, 3);
  demo_preprocess(block, out);
  for (Index j = 0; j < 3; ++j) {
    double square = 0;
    for (Index i = 0; i < 5; ++i) square += out(i, j) * out(i, j);
    EXPECT_NEAR(square, 1.0, 1e-14);
    EXPECT_NEAR(out(2, j) / out(4, j), block(2, j), 1e-13);
  }
}

}  // namespace
}  // namespace confer
