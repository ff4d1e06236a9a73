/// How far out samples lie, and what to take off their distances so that centring these cancels little.
///
/// Doubly centred (biased or not) a matrix of distances d_ij stays what it is when a_i + a_j is taken off its elements,
/// which become -2 a_i on the diagonal. With a_i about the distance of sample i from most others, less half of a
/// typical one, what is left is of the size of the centred matrix, however far out some of the samples lie.
#pragma once

#include <span>
#include <vector>

#include "confer/linalg/matrix.hpp"

namespace confer {

/// Squared distances of the samples from a point among most of them.
struct SampleRadii {
  std::vector<double> squared;
  double typical = 0;         ///< the median of them
  double rest = 0;            ///< of d_ij - s_i - s_j over some pairs the median, s_i^2 = r_i^2 + typical
  bool needs_double = false;  ///< single precision is not enough: a sample lies far out, or there are very few of them
};

/// samples: features x n, their mean about zero. squared_norms: of the samples.
SampleRadii sample_radii(MatrixView<float const> samples, std::span<double const> squared_norms);
SampleRadii sample_radii(MatrixView<double const> samples, std::span<double const> squared_norms);

/// a_i = s_i + rest / 2: of equal distances nothing is left.
std::vector<float> distance_shifts(SampleRadii const& radii);

}  // namespace confer
