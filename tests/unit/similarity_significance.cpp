/// Number of significant correlations, and summaries of a spectrum.
#include <gtest/gtest.h>

#include <cmath>

#include "confer/similarity/significance.hpp"
#include "confer/similarity/spectrum.hpp"
#include "unit/pair_fixtures.hpp"

namespace confer::test {
namespace {

std::vector<double> correlations(Matrix<double> const& x, Matrix<double> const& y) {
  PlainFactor const fx = factor(x), fy = factor(y);
  PairWorkspace const pair(fx.view(), fy.view(), needs_canonical);
  return {pair.stats().canonical_correlations.begin(), pair.stats().canonical_correlations.end()};
}

/// Two representations of 20 neurons in 2000 samples, five directions in common.
std::vector<double> five_shared_directions() {
  Matrix<double> const shared = gaussian(2000, 5, 1);
  auto const noisy = [&](unsigned seed) {
    return added(gaussian(2000, 20, seed), product(shared, gaussian(5, 20, seed + 1)), 1);
  };
  return correlations(noisy(2), noisy(4));
}

TEST(Bartlett, CountsTheSharedDirections) {
  auto const test = bartlett_test(five_shared_directions(), 1999, 20, 20);
  ASSERT_TRUE(test.has_value());
  EXPECT_EQ(test->count, 5);
  ASSERT_EQ(test->steps.size(), 6u);
  for (Index k = 0; k < 5; ++k) EXPECT_LT(test->steps[static_cast<std::size_t>(k)].p_value, 1e-12);
  EXPECT_EQ(test->steps[5].degrees_of_freedom, 225);
  EXPECT_NEAR(test->steps[5].statistic, 225, 5 * std::sqrt(450.0));
  EXPECT_GT(test->steps[5].p_value, 0.05);
}

TEST(Bartlett, StatisticsByHand) {
  // N = 100, ranks 3 and 2, rho = 0.6, 0.1.
  auto const test = bartlett_test(std::vector<double>{0.6, 0.1}, 100, 3, 2);
  ASSERT_TRUE(test.has_value());
  ASSERT_EQ(test->steps.size(), 2u);
  EXPECT_NEAR(test->steps[0].statistic, -97 * std::log(0.64 * 0.99), 1e-10);
  EXPECT_EQ(test->steps[0].degrees_of_freedom, 6);
  double const second = -(99 - 3 + 1 / 0.36) * std::log(0.99);
  EXPECT_NEAR(test->steps[1].statistic, second, 1e-10);
  EXPECT_NEAR(test->steps[1].p_value, std::exp(-second / 2), 1e-12) << "chi-squared with two degrees of freedom";
  EXPECT_EQ(test->count, 1);
}

TEST(Bartlett, KeepsItsLevelWithManySamples) {
  int rejected = 0;
  for (unsigned draw = 0; draw < 400; ++draw)
    rejected +=
        bartlett_test(correlations(gaussian(300, 4, 2 * draw), gaussian(300, 3, 2 * draw + 1)), 299, 4, 3)->count > 0;
  EXPECT_NEAR(rejected / 400.0, 0.05, 0.045);
  EXPECT_GT(rejected, 4);
}

TEST(Bartlett, PerfectAndImpossibleCases) {
  auto const test = bartlett_test(std::vector<double>{1, 1}, 50, 2, 2);
  ASSERT_TRUE(test.has_value());
  EXPECT_EQ(test->count, 2);
  EXPECT_EQ(test->steps[1].p_value, 0);
  EXPECT_FALSE(bartlett_test(std::vector<double>{0.5, 0.4}, 4, 2, 2).has_value());
}

TEST(Wilks, IsTheUnexplainedShare) {
  EXPECT_NEAR(wilks_lambda(std::vector<double>{0.6, 0.8}), 0.64 * 0.36, 1e-15);
  EXPECT_EQ(wilks_lambda(std::vector<double>{1, 0.8}), 0);
  EXPECT_EQ(wilks_lambda({}), 1);
}

TEST(Spectrum, EqualDirectionsCountFully) {
  std::vector<double> const flat(7, 3.0);
  EXPECT_NEAR(participation_ratio(flat), 7, 1e-12);
  EXPECT_NEAR(effective_rank(flat), 7, 1e-12);
  EXPECT_NEAR(spectrum_exponent(flat), 0, 1e-12);
}

TEST(Spectrum, HandComputedValues) {
  std::vector<double> const s{3, 1};
  EXPECT_NEAR(participation_ratio(s), 100.0 / 82, 1e-14);
  EXPECT_NEAR(effective_rank(s), std::exp(-0.75 * std::log(0.75) - 0.25 * std::log(0.25)), 1e-14);
  EXPECT_TRUE(std::isnan(spectrum_exponent(s)));
  EXPECT_TRUE(std::isnan(effective_rank({})));
  EXPECT_TRUE(std::isnan(participation_ratio({})));
}

TEST(Spectrum, ExponentOfAPowerLawIsFoundOnAnyRange) {
  std::vector<double> s;
  for (int i = 1; i <= 200; ++i) s.push_back(5 * std::pow(i, -0.6));  // variance ~ i^-1.2
  EXPECT_NEAR(spectrum_exponent(s), 1.2, 1e-12);
  EXPECT_NEAR(spectrum_exponent(s, 11, 100), 1.2, 1e-12);
  s[0] = 100;
  EXPECT_GT(spectrum_exponent(s), 1.3);
  EXPECT_NEAR(spectrum_exponent(s, 2), 1.2, 1e-12);
}

}  // namespace
}  // namespace confer::test
