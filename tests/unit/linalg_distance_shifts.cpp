/// What is taken off the distances of samples: less is left than there was, and centring does not see it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "confer/linalg/distance_shifts.hpp"
#include "unit/kernel_fixtures.hpp"

namespace confer::test {
namespace {

/// Features x samples, the mean taken off.
Matrix<double> centred_samples(Matrix<double> const& x) {
  Matrix<double> samples(x.cols(), x.rows());
  for (Index k = 0; k < x.cols(); ++k) {
    double mean = 0;
    for (Index i = 0; i < x.rows(); ++i) mean += x(i, k) / static_cast<double>(x.rows());
    for (Index i = 0; i < x.rows(); ++i) samples(k, i) = x(i, k) - mean;
  }
  return samples;
}

SampleRadii radii_of(Matrix<double> const& samples) {
  std::vector<double> norms;
  for (Index i = 0; i < samples.cols(); ++i) {
    double squared = 0;
    for (Index k = 0; k < samples.rows(); ++k) squared += samples(k, i) * samples(k, i);
    norms.push_back(squared);
  }
  return sample_radii(samples.view(), norms);
}

void move_out(Matrix<double>& x, Index sample, double times) {
  for (Index k = 0; k < x.cols(); ++k) x(sample, k) *= times;
}

/// The largest |d_ij - a_i - a_j|.
double largest_rest(Matrix<double> const& x, std::vector<float> const& shifts) {
  Matrix<double> const squared = squared_distances(x);
  double largest = 0;
  for (Index j = 0; j < x.rows(); ++j)
    for (Index i = 0; i < j; ++i)
      largest = std::max(largest, std::abs(std::sqrt(squared(i, j)) -
                                           static_cast<double>(shifts[static_cast<std::size_t>(i)]) -
                                           static_cast<double>(shifts[static_cast<std::size_t>(j)])));
  return largest;
}

TEST(DistanceShifts, LeaveLittleOfDistancesInManyDimensions) {
  Matrix<double> const x = gaussian(120, 400, 3);
  SampleRadii const radii = radii_of(centred_samples(x));
  EXPECT_FALSE(radii.needs_double);
  EXPECT_LT(largest_rest(x, distance_shifts(radii)), 5);  // of 28
}

TEST(DistanceShifts, LeaveNothingLargeWhereSamplesLieFarOut) {
  for (Index const samples : {4, 5, 12, 120}) {
    Matrix<double> x = gaussian(samples, 6, 4);
    double const before = largest_rest(x, distance_shifts(radii_of(centred_samples(x))));
    move_out(x, 1, 1e4);
    SampleRadii const radii = radii_of(centred_samples(x));
    EXPECT_TRUE(radii.needs_double);
    EXPECT_LT(largest_rest(x, distance_shifts(radii)), 3 * before + 3) << samples;
  }
}

TEST(DistanceShifts, FewSamplesNeedDoublePrecisionAndModerateOnesDoNot) {
  EXPECT_TRUE(radii_of(centred_samples(gaussian(9, 5, 1))).needs_double);
  Matrix<double> x = gaussian(300, 5, 1);
  move_out(x, 7, 5);
  EXPECT_FALSE(radii_of(centred_samples(x)).needs_double);
}

TEST(DistanceShifts, AreNumbersWhereSamplesAreEqualOrNone) {
  for (Index const samples : {1, 2, 80}) {
    for (float const shift : distance_shifts(radii_of(Matrix<double>(3, samples)))) EXPECT_EQ(shift, 0);
  }
  EXPECT_TRUE(distance_shifts(radii_of(Matrix<double>(3, 0))).empty());
}

}  // namespace
}  // namespace confer::test
