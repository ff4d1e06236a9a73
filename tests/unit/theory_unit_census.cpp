#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "confer/theory/unit_census.hpp"

namespace confer {
namespace {

std::vector<double> normal(Index n, double scale, unsigned seed) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<double> draw(0.0, scale);
  std::vector<double> values;
  for (Index i = 0; i < n; ++i) values.push_back(draw(generator));
  return values;
}

TEST(UnitCensus, EntropyOfGaussians) {
  for (double const scale : {0.01, 1.0, 30.0})
    for (unsigned seed = 0; seed < 5; ++seed)
      EXPECT_NEAR(vasicek_entropy(normal(2000, scale, seed)), gaussian_entropy(scale * scale), 0.05);
}

TEST(UnitCensus, EntropyOfAUniformGrid) {
  std::vector<double> values;
  for (int i = 0; i < 4000; ++i) values.push_back(3.0 * i / 4000.0);
  EXPECT_NEAR(vasicek_entropy(values), std::log(3.0), 0.02);
}

TEST(UnitCensus, EntropyOfTiedValues) {
  EXPECT_EQ(vasicek_entropy(std::vector<double>(50, 1.5)), -INFINITY);
  EXPECT_TRUE(std::isnan(vasicek_entropy(std::vector<double>{1, 2})));
}

TEST(UnitCensus, KindsAddUpAndPassiveUnitsHaveLowEntropy) {
  // Two passive units (collapsed to the prior), two active, one mixed.
  Index const n = 1000;
  Matrix<double> means(n, 5), log_variances(n, 5);
  for (Index j = 0; j < 5; ++j) {
    auto const mu = normal(n, j < 2 ? 0.02 : 1.0, static_cast<unsigned>(j));
    auto const noise = normal(n, 1.0, static_cast<unsigned>(10 + j));
    for (Index i = 0; i < n; ++i) {
      auto const k = static_cast<std::size_t>(i);
      means(i, j) = mu[k];
      log_variances(i, j) = j < 2 ? 0.01 * noise[k] : j < 4 ? -4 + 0.1 * noise[k] : (i % 2 == 0 ? 0.0 : -4.0);
    }
  }
  auto const units = unit_census(means, log_variances);
  std::vector<UnitKind> const expected = {UnitKind::passive, UnitKind::passive, UnitKind::active, UnitKind::active,
                                          UnitKind::mixed};
  for (std::size_t j = 0; j < 5; ++j) {
    EXPECT_EQ(units[j].kind, expected[j]) << j;
    EXPECT_EQ(units[j].low_entropy, units[j].kind == UnitKind::passive);
    EXPECT_LT(units[j].entropy, units[j].entropy_bound + 0.05);
  }
  EXPECT_LT(units[0].divergence, 0.003);
  EXPECT_NEAR(units[2].divergence, 0.5 * (1 + std::exp(-4.0) - 1 + 4), 0.1);
}

TEST(UnitCensus, WithoutLogVariancesOrGap) {
  Matrix<double> means(500, 3);
  for (Index j = 0; j < 3; ++j) {
    auto const mu = normal(500, 1.0 + 0.1 * static_cast<double>(j), static_cast<unsigned>(j));
    std::copy(mu.begin(), mu.end(), means.view().column(j));
  }
  for (auto const& unit : unit_census(means, {})) {
    EXPECT_FALSE(unit.low_entropy);
    EXPECT_TRUE(std::isnan(unit.divergence));
  }
}

TEST(UnitCensus, DeadUnitsHideNoGap) {
  Matrix<double> means(500, 3);
  for (Index j = 0; j < 2; ++j) {
    auto const mu = normal(500, j == 0 ? 0.02 : 1.0, static_cast<unsigned>(j));
    std::copy(mu.begin(), mu.end(), means.view().column(j));
  }
  auto const units = unit_census(means, {});
  EXPECT_TRUE(units[0].low_entropy);
  EXPECT_FALSE(units[1].low_entropy);
  EXPECT_EQ(units[2].entropy, -INFINITY);
  EXPECT_TRUE(units[2].low_entropy);
}

}  // namespace
}  // namespace confer
