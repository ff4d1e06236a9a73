/// How far out samples lie, and what to take off their distances so that centring these cancels little.
///
/// Doubly centred (biased or not) a matrix of distances d_ij stays what it is when a_i + a_j is taken off its elements,
/// which become -2 a_i on the diagonal. With a_i about the distance of sample i from most others, less half of a typical
/// one, what is left is of the size of the centred matrix, however far out some of the samples lie.
#pragma once

#include <span>
#include <vector>

#include "confer/linalg/matrix.hpp"

namespace confer {

/// Squared distances of the samples from a point among most of them.
struct SampleRadii {
  std::vector<double> squared;
  bool needs_double = false;  ///< single precision is not enough: a sample lies far out, or there are very few of them
};

/// samples: features x n, their mean about zero. squared_norms: of the samples.
SampleRadii sample_radii(MatrixView<float const> samples, std::span<double const> squared_norms);
SampleRadii sample_radii(MatrixView<double const> samples, std::span<double const> squared_norms);

/// a_i = sqrt(r_i^2 + t^2) - t / sqrt(2) of radii r, t their median: half of the distance of two samples where these lie
/// in many dimensions.
std::vector<float> distance_shifts(SampleRadii const& radii);

}  // namespace confer
