/// Centred samples in single precision.
#include "confer/linalg/centring.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "unit/kernel_fixtures.hpp"

namespace confer::test {
namespace {

TEST(Centring, IsThatOfDoublePrecision) {
  for (double const offset : {0.0, 3.0, 2e4}) {
    Matrix<double> const x = gaussian(101, 13, 3);
    Matrix<float> samples(13, 101);
    for (Index i = 0; i < 101; ++i)
      for (Index k = 0; k < 13; ++k) samples(k, i) = static_cast<float>(x(i, k) * 1e-3 * static_cast<double>(k) + offset);
    Matrix<double> expected(13, 101);
    double total = 0;
    for (Index k = 0; k < 13; ++k) {
      double mean = 0;
      for (Index i = 0; i < 101; ++i) mean += static_cast<double>(samples(k, i)) / 101;
      for (Index i = 0; i < 101; ++i) {
        expected(k, i) = static_cast<double>(samples(k, i)) - mean;
        total += expected(k, i) * expected(k, i);
      }
    }
    auto const norms = centre_samples(samples);
    for (Index i = 0; i < 101; ++i) {
      double norm = 0;
      for (Index k = 0; k < 13; ++k) {
        double const value = expected(k, i) * std::sqrt(101 / total);
        EXPECT_NEAR(static_cast<double>(samples(k, i)), value, 1e-6) << offset;
        norm += static_cast<double>(samples(k, i)) * static_cast<double>(samples(k, i));
      }
      EXPECT_NEAR(norms[static_cast<std::size_t>(i)], norm, 1e-12 * norm);
    }
  }
}

TEST(Centring, OfConstantsIsZero) {
  Matrix<float> samples(3, 9);
  for (Index k = 0; k < samples.size(); ++k) samples.data()[k] = 4.5f;
  for (double const norm : centre_samples(samples)) EXPECT_EQ(norm, 0);
  for (Index k = 0; k < samples.size(); ++k) EXPECT_EQ(samples.data()[k], 0);
}

}  // namespace
}  // namespace confer::test
