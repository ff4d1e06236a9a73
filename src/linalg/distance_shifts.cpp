#include "confer/linalg/distance_shifts.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "confer/linalg/middle_value.hpp"

namespace confer {

namespace {

/// Of so few samples errors do not average out.
constexpr Index very_few = 64;
/// Single precision is right to 1e-7 of a distance of this many times the others'.
constexpr double far = 20;
/// Up to here the mean is a point among most samples. A single one far out among n pulls it by 1/n of its distance.
constexpr double moderate = 4;

/// Mean of all but the largest twentieth, at least one.
double trimmed_mean(std::vector<double> values) {
  auto const kept = std::ssize(values) - std::max<Index>(1, std::ssize(values) / 20);
  if (kept <= 0) return 0;
  std::nth_element(values.begin(), values.begin() + kept, values.end());
  return std::accumulate(values.begin(), values.begin() + kept, 0.0) / static_cast<double>(kept);
}

template <class T>
double squared_difference(MatrixView<T const> samples, Index i, Index j) {
  double squared = 0;
  for (Index k = 0; k < samples.rows; ++k) {
    double const difference = static_cast<double>(samples(k, i)) - static_cast<double>(samples(k, j));
    squared += difference * difference;
  }
  return squared;
}

double softened(double squared_radius, double typical) { return std::sqrt(squared_radius + typical); }

/// Looks at as many pairs as samples, or a few hundred.
template <class T>
void add_rest(SampleRadii& radii, MatrixView<T const> samples) {
  constexpr Index most = 256;
  Index const n = samples.cols, count = std::min(n, most);
  radii.typical = middle_value(radii.squared);
  auto const stride = std::max<Index>(1, static_cast<Index>(0.382 * static_cast<double>(n)));
  std::vector<double> rests;
  for (Index k = 0; k < count && n > 1; ++k) {
    Index const i = k * n / count, j = (i + stride) % n;
    rests.push_back(std::sqrt(squared_difference(samples, i, j)) -
                    softened(radii.squared[static_cast<std::size_t>(i)], radii.typical) -
                    softened(radii.squared[static_cast<std::size_t>(j)], radii.typical));
  }
  if (!rests.empty()) radii.rest = middle_value(rests);
}

template <class T>
SampleRadii radii_of(MatrixView<T const> samples, std::span<double const> squared_norms) {
  SampleRadii radii{{squared_norms.begin(), squared_norms.end()}, 0, 0, samples.cols <= very_few};
  if (samples.cols == 0) return radii;
  double const middle = middle_value(squared_norms);
  double const largest = *std::max_element(squared_norms.begin(), squared_norms.end());
  if (samples.cols > very_few && largest <= moderate * moderate * middle) {
    add_rest(radii, samples);
    return radii;
  }
  std::vector<double> centre(static_cast<std::size_t>(samples.rows), 0.0);
  double near = 0;
  for (Index i = 0; i < samples.cols; ++i) {
    if (squared_norms[static_cast<std::size_t>(i)] > (1 + 1e-6) * middle) continue;  // equal ones all or none
    for (std::size_t k = 0; k < centre.size(); ++k) centre[k] += static_cast<double>(samples(static_cast<Index>(k), i));
    ++near;
  }
  for (double& value : centre) value /= near;
  for (Index i = 0; i < samples.cols; ++i) {
    double& squared = radii.squared[static_cast<std::size_t>(i)];
    squared = 0;
    for (std::size_t k = 0; k < centre.size(); ++k) {
      double const difference = static_cast<double>(samples(static_cast<Index>(k), i)) - centre[k];
      squared += difference * difference;
    }
  }
  double const largest_radius = *std::max_element(radii.squared.begin(), radii.squared.end());
  radii.needs_double = radii.needs_double || largest_radius > far * far * trimmed_mean(radii.squared);
  add_rest(radii, samples);
  return radii;
}

}  // namespace

SampleRadii sample_radii(MatrixView<float const> samples, std::span<double const> squared_norms) {
  return radii_of(samples, squared_norms);
}
SampleRadii sample_radii(MatrixView<double const> samples, std::span<double const> squared_norms) {
  return radii_of(samples, squared_norms);
}

std::vector<float> distance_shifts(SampleRadii const& radii) {
  std::vector<float> shifts;
  for (double const squared : radii.squared)
    shifts.push_back(static_cast<float>(softened(squared, radii.typical) + radii.rest / 2));
  return shifts;
}

}  // namespace confer
