/// Values of the kernel family that are known exactly, and the ways in which they meet the covariance family.
#include <gtest/gtest.h>

#include <cmath>

#include "unit/pair_fixtures.hpp"

namespace confer::test {
namespace {

TEST(KernelFamily, LinearKernelsGiveTheNumbersOfFactors) {
  Matrix<double> const x = gaussian(40, 6, 1), y = added(gaussian(40, 6, 2), x, 0.8);
  KernelStats const stats = kernel_stats(Kernel::linear, x, y);
  for (char const* name : {"cka", "cka_debiased"})
    EXPECT_NEAR(find_measure(name)->kernel_score(stats), score(name, x, y), 1e-12) << name;
  EXPECT_NEAR(score("cka_minibatch", x, y), score("cka_debiased", x, y), 1e-12) << "one batch of all samples";
}

TEST(KernelFamily, ConstantsTakenOffChangeNothing) {
  Matrix<double> const x = gaussian(30, 4, 1), y = added(gaussian(30, 4, 2), x, 0.8);
  for (char const* name : {"cka_rbf", "cka_rbf_debiased", "rsa_pearson", "distance_correlation"}) {
    Measure const& measure = *find_measure(name);
    Matrix<double> k = kernel_of(measure.kernel, x), l = kernel_of(measure.kernel, y);
    double const value = measure.kernel_score(kernel_stats(k, l));
    for (Index i = 0; i < k.size(); ++i) k.data()[i] -= 0.7;
    EXPECT_NEAR(measure.kernel_score(kernel_stats(k, l)), value, 1e-12) << name;
  }
}

/// A wide Gaussian kernel is a linear one.
TEST(KernelFamily, WideGaussianKernelsTendToLinearOnes) {
  Matrix<double> const x = gaussian(30, 4, 1), y = added(gaussian(30, 5, 2), side_by_side(x, Matrix<double>(30, 1)), 0.8);
  auto const wide = [](Matrix<double> const& data) {
    Matrix<double> k = squared_distances(data);
    for (Index i = 0; i < k.size(); ++i) k.data()[i] = std::exp(-k.data()[i] * 1e-5);
    return k;
  };
  EXPECT_NEAR(find_measure("cka_rbf")->kernel_score(kernel_stats(wide(x), wide(y))), score("cka", x, y), 1e-3);
}

TEST(KernelFamily, RanksOfTies) {
  // Four samples on a line at 0, 1, 2, 3: distances 1 (three times), 2 (twice), 3.
  Matrix<double> line(4, 1), bent(4, 1);
  for (Index i = 0; i < 4; ++i) line(i, 0) = static_cast<double>(i);
  bent(0, 0) = 0, bent(1, 0) = 1, bent(2, 0) = 3, bent(3, 0) = 7;  // distances 1, 2, 3, 4, 6, 7
  // Mean ranks 2, 2, 2, 4.5, 4.5, 6: rho-a of the line with itself is below 1, the mean over random orders of ties.
  double const squares = 3 * 1.5 * 1.5 + 2 * 1 * 1 + 2.5 * 2.5;
  EXPECT_NEAR(score("rsa_spearman", line, line), 12 * squares / (216 - 6), 1e-12);
  EXPECT_NEAR(score("rsa_spearman", bent, bent), 1, 1e-12);
}

TEST(KernelFamily, TooFewSamples) {
  Matrix<double> const x = gaussian(3, 2, 1), y = gaussian(3, 2, 2);
  for (char const* name : {"cka_rbf_debiased", "distance_correlation_unbiased"})
    EXPECT_TRUE(std::isnan(score(name, x, y))) << name;
  EXPECT_FALSE(std::isnan(score("cka_rbf", x, y)));
  EXPECT_TRUE(std::isnan(score("rsa_spearman", gaussian(2, 2, 1), gaussian(2, 2, 2))));
}

/// Szekely, Rizzo, Bakirov 2007: of bivariate normal data with correlation r.
TEST(KernelFamily, DistanceCorrelationOfNormalData) {
  Matrix<double> const x = gaussian(1500, 1, 1);
  Matrix<double> const y = added(scaled(gaussian(1500, 1, 2), 0.8), x, 0.6);
  double const r = 0.6, pi = std::acos(-1.0);
  double const square = (r * std::asin(r) + std::sqrt(1 - r * r) - r * std::asin(r / 2) - std::sqrt(4 - r * r) + 1) /
                        (1 + pi / 3 - std::sqrt(3.0));
  EXPECT_NEAR(score("distance_correlation", x, y), std::sqrt(square), 0.03);
  EXPECT_NEAR(score("distance_correlation_unbiased", x, y), square, 0.04);
}

}  // namespace
}  // namespace confer::test
