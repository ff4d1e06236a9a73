/// Mutual information of Gaussians, whose value is known, and the bins it is made of.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "confer/theory/mutual_information.hpp"
#include "unit/pair_fixtures.hpp"

namespace confer::test {
namespace {

double information(Matrix<double> const& x, Matrix<double> const& y, Index bins) {
  return mutual_information(quantile_bins(x.view().column_span(0), bins), quantile_bins(y.view().column_span(0), bins));
}

TEST(MutualInformation, OfGaussiansIsWhatTheirCorrelationTells) {
  Matrix<double> const x = gaussian(100000, 1, 1), noise = gaussian(100000, 1, 2);
  double const bias = 29.0 * 29.0 / (2 * 100000);
  EXPECT_LT(std::abs(information(x, noise, 30)), bias);
  Matrix<double> const y = added(scaled(x, 0.5), noise, std::sqrt(0.75));
  EXPECT_NEAR(information(x, y, 30), 0.1438, 0.01);
}

TEST(MutualInformation, SeesDependenceWithoutCorrelation) {
  Matrix<double> const x = gaussian(20000, 1, 3);
  Matrix<double> y = x;
  for (Index i = 0; i < y.rows(); ++i) y(i, 0) = std::abs(x(i, 0));
  EXPECT_LT(std::abs(neuron_correlations(x, y)(0, 0)), 0.03);
  EXPECT_GT(information(x, y, 10), 1.0);
}

TEST(MutualInformation, DoesNotChangeUnderIncreasingMaps) {
  Matrix<double> const x = gaussian(5000, 1, 4), y = added(gaussian(5000, 1, 5), x, 1.0);
  Matrix<double> mapped = x;
  for (Index i = 0; i < mapped.rows(); ++i) mapped(i, 0) = std::exp(x(i, 0));
  EXPECT_EQ(information(x, y, 10), information(mapped, y, 10));
}

TEST(MutualInformation, WithItselfIsTheEntropyOfItsBins) {
  Matrix<double> const x = gaussian(10000, 1, 6);
  EXPECT_NEAR(information(x, x, 10), std::log(10.0) - 81.0 / 20000, 1e-12);
}

TEST(QuantileBins, ManyZerosHaveABinOfTheirOwn) {
  std::vector<double> values(1000, 0.0);
  for (std::size_t i = 0; i < 540; ++i) values[i] = 1 + static_cast<double>(i);
  Binned const found = quantile_bins(values, 10);
  EXPECT_EQ(found.bins, 10);
  std::vector<int> mass(10, 0);
  for (auto const bin : found.bin) ++mass[bin];
  EXPECT_EQ(mass[found.bin.back()], 460);
  for (int const count : mass) EXPECT_TRUE(count == 460 || count == 60);
}

TEST(QuantileBins, EqualValuesShareABin) {
  std::vector<double> values;
  for (int i = 0; i < 300; ++i) values.push_back(i % 3 + 1);
  Binned const found = quantile_bins(values, 10);
  EXPECT_EQ(found.bins, 3);
  for (std::size_t i = 3; i < values.size(); ++i) EXPECT_EQ(found.bin[i], found.bin[i - 3]);
  EXPECT_EQ(quantile_bins(std::vector<double>(5, 2.0), 10).bins, 1);
}

}  // namespace
}  // namespace confer::test
