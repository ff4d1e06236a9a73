/// Values in 16 bits.
#include "confer/linalg/short_values.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

#include "unit/kernel_fixtures.hpp"

namespace confer::test {
namespace {

TEST(ShortValues, AreWithinHalfAUnit) {
  Matrix<double> const x = gaussian(300, 21, 1);
  Matrix<float> samples(21, 300);
  for (Index i = 0; i < 300; ++i)
    for (Index k = 0; k < 21; ++k) samples(k, i) = static_cast<float>(x(i, k) * std::pow(10.0, static_cast<double>(k - 10)));
  for (Index i = 0; i < 300; ++i) samples(4, i) = 0;  // nothing in it
  auto const units = short_units(samples);
  Matrix<std::int16_t> codes(21, 300);
  Matrix<float> decoded(21, 300);
  double const lost = encode_short(samples, units, codes);
  decode_short(codes, units, decoded);
  double expected = 0;
  for (Index i = 0; i < 300; ++i)
    for (Index k = 0; k < 21; ++k) {
      double const error = static_cast<double>(samples(k, i)) - static_cast<double>(decoded(k, i));
      auto const unit = static_cast<double>(units[static_cast<std::size_t>(k)]);
      EXPECT_LE(std::abs(error), 0.502 * unit) << k;
      expected += error * error;
    }
  EXPECT_NEAR(lost / expected, 1, 1e-3);
  EXPECT_EQ(units[4], 0);
  EXPECT_EQ(decoded(4, 7), 0);
  for (Index k = 0; k < 21; ++k) {
    int largest = 0;
    for (Index i = 0; i < 300; ++i) largest = std::max(largest, std::abs(static_cast<int>(codes(k, i))));
    EXPECT_EQ(largest, k == 4 ? 0 : 32767) << k;
  }
}

TEST(ShortValues, WhatIsLostIsNegligibleOfManyOrdinaryValuesOnly) {
  auto const negligible = [](Index samples, Index features, double outlier) {
    Matrix<double> const x = gaussian(samples, features, 2);
    Matrix<float> values(features, samples);
    for (Index i = 0; i < samples; ++i)
      for (Index k = 0; k < features; ++k) values(k, i) = static_cast<float>(x(i, k));
    for (Index k = 0; k < features; ++k) values(k, 3) = static_cast<float>(outlier);
    Matrix<std::int16_t> codes(features, samples);
    double const lost = encode_short(values, short_units(values), codes);
    return negligible_loss(lost, static_cast<double>(features), samples, features);
  };
  EXPECT_TRUE(negligible(1000, 100, 0));
  EXPECT_FALSE(negligible(50, 3, 0));
  EXPECT_FALSE(negligible(1000, 100, 40));
}

}  // namespace
}  // namespace confer::test
