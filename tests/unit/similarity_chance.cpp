/// Chance levels against published values, all relabellings of small data, and simulation.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "confer/similarity/chance.hpp"
#include "unit/pair_fixtures.hpp"

namespace confer::test {
namespace {

struct Moments {
  double mean = 0, deviation = 0;
};

Moments moments(std::vector<double> const& values) {
  Moments m;
  for (double value : values) m.mean += value / static_cast<double>(values.size());
  double squares = 0;
  for (double value : values) squares += (value - m.mean) * (value - m.mean);
  m.deviation = std::sqrt(squares / static_cast<double>(values.size()));
  return m;
}

TEST(Wachter, PublishedValues) {
  struct Row {
    Index n, p1, p2;
    double mean, edge;
  };
  for (auto const& [n, p1, p2, mean, edge] :
       {Row{2000, 100, 50, 0.2092, 0.3750}, Row{10000, 500, 500, 0.1908, 0.4359}, Row{10000, 100, 100, 0.0850, 0.1990},
        Row{1000, 100, 100, 0.2713, 0.6003}, Row{500, 50, 50, 0.2715, 0.6005}, Row{200, 50, 20, 0.4806, 0.7497},
        Row{100, 60, 60, 0.7121, 1}, Row{64, 32, 32, 0.6424, 1}}) {
    WachterLaw const law = wachter(n - 1, p1, p2), other = wachter(n - 1, p2, p1);
    EXPECT_NEAR(law.mean_correlation, mean, 6e-5) << n;
    EXPECT_NEAR(law.edge, edge, 6e-5) << n;
    EXPECT_EQ(law.mean_correlation, other.mean_correlation);
  }
  EXPECT_NEAR(wachter(99, 60, 60).forced_ones, 21.0 / 60, 1e-15);
  EXPECT_NEAR(wachter(1000000, 100, 100).mean_correlation, 8 / (3 * std::numbers::pi) * 1e-2, 1e-6);
}

TEST(Wachter, SaturatedSidesCorrelateFully) {
  EXPECT_NEAR(wachter(19, 19, 3).mean_correlation, 1, 1e-12);
  EXPECT_EQ(wachter(19, 19, 3).edge, 1);
  EXPECT_EQ(chance_mean_correlation(19, 19, 3).mean, 1);
  EXPECT_EQ(chance_mean_correlation(19, 19, 3).standard_deviation, 0);
}

TEST(ForcedOnes, CountsDimensionsThatMustMeet) {
  EXPECT_EQ(forced_ones(49, 30, 30), 11);
  EXPECT_EQ(forced_ones(49, 20, 29), 0);
  auto const x = factor(gaussian(50, 30, 1)), y = factor(gaussian(50, 30, 2));
  auto const rho = PairWorkspace(x.view(), y.view(), needs_canonical);
  EXPECT_EQ(std::ranges::count_if(rho.stats().canonical_correlations, [](double r) { return r > 1 - 1e-10; }), 11);
}

TEST(ParticipationRatio, CountsEqualDirections) {
  std::vector<double> const s{2, 2, 2, 2, 2};
  Side const side{.rows = 10, .features = 5, .singular_values = s, .total_variance = 20, .sum_fourth_powers = 80};
  EXPECT_DOUBLE_EQ(participation_ratio(side), 5);
}

/// All 720 relabellings of six samples: no simulation error.
TEST(Chance, MomentsAreThoseOfAllRelabellings) {
  Matrix<double> const x = gaussian(6, 3, 5);
  Matrix<double> y = gaussian(6, 2, 6);
  y(2, 0) = 9;  // an outlier, which the means do not mind
  PlainFactor const fx = factor(x);
  std::vector<Index> order(6);
  std::iota(order.begin(), order.end(), Index{0});
  std::vector<double> biased, debiased, explained;
  do {
    PlainFactor const fy = factor(relabelled(y, order));
    PairWorkspace const pair(fx.view(), fy.view(), needs_cross | needs_row_norms);
    biased.push_back(find_measure("cka")->score(pair.stats()));
    debiased.push_back(find_measure("cka_debiased")->score(pair.stats()));
    explained.push_back(find_measure("regression")->score(pair.stats()));
  } while (std::ranges::next_permutation(order).found);
  PlainFactor const fy = factor(y);
  PairWorkspace const pair(fx.view(), fy.view(), needs_cross | needs_row_norms);
  auto const chance = [&](char const* name) { return *find_measure(name)->chance(pair.stats()); };
  EXPECT_NEAR(chance("cka").mean, moments(biased).mean, 1e-12);
  EXPECT_NEAR(chance("cka_debiased").mean, moments(debiased).mean, 1e-12);
  EXPECT_NEAR(chance("cka_debiased").standard_deviation, moments(debiased).deviation, 1e-12);
  EXPECT_NEAR(chance("regression").mean, moments(explained).mean, 1e-12);
}

/// What a measure shows between a fixed row side and independent Gaussian columns, less the mean it states.
/// Rotation of one side is the exact model of such data.
struct Simulated {
  Moments less_stated_mean;
  double stated_deviation = 0;
};

Simulated simulate(Measure const& measure, Matrix<double> const& x, Index width, int draws) {
  PlainFactor const fx = factor(x);
  std::vector<double> values;
  Simulated result;
  for (int draw = 0; draw < draws; ++draw) {
    PlainFactor const fy = factor(gaussian(x.rows(), width, 1000u + static_cast<unsigned>(draw)));
    PairWorkspace const pair(fx.view(), fy.view(), measure.needs);
    auto const chance = measure.chance(pair.stats());
    values.push_back(measure.score(pair.stats()) - chance.value().mean - chance.value().shift);
    result.stated_deviation += chance.value().standard_deviation / draws;
  }
  result.less_stated_mean = moments(values);
  return result;
}

/// A spectrum that falls, so that levels depend on more than the widths.
Matrix<double> falling_spectrum(Index rows, Index width) {
  Matrix<double> x = gaussian(rows, width, 77);
  for (Index j = 0; j < width; ++j)
    for (double& value : x.view().column_span(j)) value /= 1 + static_cast<double>(j) / 2;
  return x;
}

void expect_chance_of_noise(Index n, Index p1, Index p2) {
  constexpr int draws = 600;
  for (Measure const* measure : all_measures()) {
    if (measure->statistics != StatisticsKind::covariance || measure->chance == nullptr) continue;
    auto const x = product(falling_spectrum(n, p1), rotation(p1, 5));
    auto const [observed, stated] = simulate(*measure, x, p2, draws);
    double const error = observed.deviation / std::sqrt(draws);
    EXPECT_NEAR(observed.mean, 0, 4 * error + 0.1 * observed.deviation)
        << measure->name << " " << n << " " << p1 << " " << p2;
    EXPECT_NEAR(stated / observed.deviation, 1, 4 / std::sqrt(2.0 * draws) + 0.06)
        << measure->name << " " << n << " " << p1 << " " << p2;
  }
}

TEST(Chance, MatchesSimulation) {
  expect_chance_of_noise(100, 10, 10);
  expect_chance_of_noise(60, 4, 12);
  expect_chance_of_noise(80, 20, 5);
  expect_chance_of_noise(40, 1, 6);
  expect_chance_of_noise(50, 30, 25);  // some correlations are forced to 1
}

TEST(Chance, WeightedCorrelationIsCautiousForUncorrelatedNeurons) {
  auto const [observed, stated] = simulate(*find_measure("pwcca"), falling_spectrum(100, 20), 30, 600);
  EXPECT_NEAR(observed.mean, 0, 0.2 * observed.deviation);
  EXPECT_GT(stated, observed.deviation);
  EXPECT_LT(stated, 2 * observed.deviation);
}

TEST(Chance, VarianceOfSquaredCorrelations) {
  ChanceLevel const level = chance_mean_squared_correlation(19, 5, 7);
  EXPECT_NEAR(5 * level.mean, 1.8421, 5e-5);
  EXPECT_NEAR(25 * level.standard_deviation * level.standard_deviation, 0.0862, 5e-5);
}

}  // namespace
}  // namespace confer::test
