/// Samples in 16 bits and their products.
#include "confer/linalg/short_samples.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <numeric>

#include "confer/linalg/dense.hpp"
#include "confer/linalg/pair_distances.hpp"
#include "linalg/short_kernels.hpp"
#include "unit/kernel_fixtures.hpp"

namespace confer::test {
namespace {

Matrix<float> samples_of(Index count, Index features, std::uint32_t seed) {
  Matrix<double> const x = gaussian(count, features, seed);
  Matrix<float> samples(features, count);
  for (Index i = 0; i < count; ++i)
    for (Index k = 0; k < features; ++k) samples(k, i) = static_cast<float>(x(i, k));
  return samples;
}

double sum(std::vector<double> const& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

constexpr double coarse = 1e9;  // any error is tolerated: the largest blocks

TEST(ShortSamples, AreWithinHalfAUnitAndKnowWhatTheyLose) {
  Matrix<float> samples = samples_of(300, 85, 1);
  for (Index i = 0; i < 300; ++i)
    for (Index k = 0; k < 85; ++k)
      samples(k, i) *= k < 32 ? 1e-6f : k < 64 ? 0.0f : 1e3f;  // the second block holds nothing
  ShortMatrix const codes = shorten(samples, 0);
  ASSERT_EQ(codes.block, 32);
  ASSERT_EQ(codes.units.size(), 3U);
  EXPECT_EQ(codes.units[1], 0);
  for (Index i = 0; i < 300; ++i) {
    double lost = 0, norm = 0;
    for (Index k = 0; k < 85; ++k) {
      double const value = codes.view().value(k, i), error = static_cast<double>(samples(k, i)) - value;
      EXPECT_LE(std::abs(error), 0.502 * static_cast<double>(codes.units[static_cast<std::size_t>(k / 32)])) << k;
      lost += error * error;
      norm += value * value;
    }
    EXPECT_NEAR(codes.lost[static_cast<std::size_t>(i)] / lost, 1, 1e-3);
    EXPECT_NEAR(codes.squared_norms[static_cast<std::size_t>(i)] / norm, 1, 1e-12);
  }
}

TEST(ShortSamples, TakeLargerBlocksWhereErrorsAreTolerated) {
  Matrix<float> const samples = samples_of(200, 256, 2);
  ShortMatrix const fine = shorten(samples, 0), rough = shorten(samples, coarse);
  EXPECT_EQ(fine.block, 32);
  EXPECT_EQ(rough.block, 128);
  EXPECT_LT(sum(fine.lost), sum(rough.lost) / 2);
}

TEST(ShortSamples, WhatIsLostIsNegligibleOfManyOrdinaryValuesOnly) {
  auto const negligible = [](Index count, Index features, double outlier) {
    Matrix<float> values = samples_of(count, features, 2);
    for (Index k = 0; k < features; ++k) values(k, 3) = static_cast<float>(outlier);
    double const tolerated = negligible_squared_error(static_cast<double>(features), count);
    return sum(shorten(values, tolerated).lost) <= tolerated * static_cast<double>(values.size());
  };
  EXPECT_TRUE(negligible(2000, 100, 0));
  EXPECT_FALSE(negligible(50, 3, 0));
  EXPECT_FALSE(negligible(2000, 100, 40));
}

/// Codes of the largest sizes: sums of their products come as close to 2^31 as they may.
TEST(ShortSamples, ProductsNeverOverflow) {
  for (double const spread : {0.0, 1.0}) {
    Matrix<float> samples(128, 20);
    for (Index i = 0; i < 20; ++i)
      for (Index k = 0; k < 128; ++k)
        samples(k, i) = (i % 2 == 0 ? 1.0f : -1.0f) * (k == 0 || spread == 0 ? 1.0f : 1e-3f);
    ShortMatrix const codes = shorten(samples, coarse);
    Matrix<float> g(20, 20);
    short_products(codes.view(), 0, 0, g);
    double const norm = codes.squared_norms[0];
    for (Index j = 0; j < 20; ++j)
      for (Index i = 0; i < 20; ++i) EXPECT_NEAR(static_cast<double>(g(i, j)) / norm, (i + j) % 2 == 0 ? 1 : -1, 1e-6);
  }
}

TEST(ShortSamples, ProductsAreThoseOfTheValues) {
  for (Index const features : {1, 2, 31, 64, 130, 700}) {
    Matrix<float> const samples = samples_of(75, features, 3);
    for (double const tolerated : {0.0, coarse}) {
      ShortMatrix const codes = shorten(samples, tolerated);
      Matrix<double> values(features, 75);
      for (Index i = 0; i < 75; ++i)
        for (Index k = 0; k < features; ++k) values(k, i) = codes.view().value(k, i);
      Matrix<float> g(43, 27);
      short_products(codes.view(), 32, 48, g);
      for (Index j = 0; j < 27; ++j)
        for (Index i = 0; i < 43; ++i) {
          auto const left = values.view().column_span(32 + i), right = values.view().column_span(48 + j);
          EXPECT_NEAR(static_cast<double>(g(i, j)), dot(left, right), 3e-7 * std::sqrt(dot(left, left) * dot(right, right)));
        }
      Matrix<float> lower(75, 75), all(75, 75);
      short_products(codes.view(), 0, 0, all);
      short_products(codes.view(), 0, 0, lower, ProductPart::lower);
      for (Index j = 0; j < 75; ++j)
        for (Index i = j; i < 75; ++i) EXPECT_EQ(lower(i, j), all(i, j));
    }
  }
}

TEST(ShortSamples, ProductsAreTheSameBitsOnEveryProcessor) {
  Matrix<float> const samples = samples_of(32, 200, 4);
  ShortMatrix const codes = shorten(samples, 0);
  std::vector<float> weights;
  for (float const unit : codes.units) weights.push_back(unit * unit);
  std::vector<Matrix<float>> results;
  for (ShortKernel const kernel : available_short_kernels()) {
    Matrix<float> g(16, 16);
    ShortShape const head{64, 16, weights.data(), true}, rest{36, 16, weights.data() + 4, false};
    ShortSamples const view = codes.view();
    kernel(head, view.codes, view.codes + view.place(0, 16), g.data(), 16);
    kernel(rest, view.codes + view.place(128, 0), view.codes + view.place(128, 16), g.data(), 16);
    results.push_back(std::move(g));
  }
  Matrix<float> whole(16, 16);
  short_products(codes.view(), 0, 16, whole);
  for (auto const& g : results)
    for (Index k = 0; k < g.size(); ++k) EXPECT_EQ(g.data()[k], whole.data()[k]);
}

TEST(ShortSamples, MedianOfDistancesIsThatOfTheValues) {
  for (Index const count : {2, 3, 40, 700, 5000}) {
    Matrix<float> const samples = samples_of(count, 40, 5);
    ShortMatrix const codes = shorten(samples, 0);
    Matrix<double> values(40, count);
    for (Index i = 0; i < count; ++i)
      for (Index k = 0; k < 40; ++k) values(k, i) = codes.view().value(k, i);
    EXPECT_NEAR(summarise_distances(codes.view(), codes.squared_norms).median /
                    summarise_distances(values.const_view(), codes.squared_norms).median,
                1, 1e-6);
  }
}

}  // namespace
}  // namespace confer::test
