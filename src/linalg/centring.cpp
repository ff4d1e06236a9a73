// Compiled like tile_functions.cpp (CMakeLists.txt).
#include "confer/linalg/centring.hpp"

#include <cmath>

#include "linalg/vector_clones.hpp"

namespace confer {

namespace {

CONFER_VECTOR_CLONES void add_values(float const* values, Index count, double* sums, double* squares) {
  for (Index k = 0; k < count; ++k) {
    auto const value = static_cast<double>(values[k]);
    sums[k] += value;
    squares[k] += value * value;
  }
}

CONFER_VECTOR_CLONES void add_squared_differences(float const* values, double const* mean, Index count, double* squares) {
  for (Index k = 0; k < count; ++k) {
    double const difference = static_cast<double>(values[k]) - mean[k];
    squares[k] += difference * difference;
  }
}

/// Returns the squared norm of what the values become.
CONFER_VECTOR_CLONES double centre(float* values, double const* mean, double scale, Index count) {
  constexpr Index strands = 8;
  double sums[strands] = {};
  Index begin = 0;
  for (; begin + strands <= count; begin += strands)
    for (Index k = 0; k < strands; ++k) {
      auto const value = static_cast<float>((static_cast<double>(values[begin + k]) - mean[begin + k]) * scale);
      values[begin + k] = value;
      sums[k] += static_cast<double>(value) * static_cast<double>(value);
    }
  for (; begin < count; ++begin) {
    values[begin] = static_cast<float>((static_cast<double>(values[begin]) - mean[begin]) * scale);
    sums[0] += static_cast<double>(values[begin]) * static_cast<double>(values[begin]);
  }
  double total = 0;
  for (double const sum : sums) total += sum;
  return total;
}

double sum(std::vector<double> const& values) {
  double total = 0;
  for (double const value : values) total += value;
  return total;
}

}  // namespace

std::vector<double> centre_samples(MatrixView<float> samples) {
  auto const width = static_cast<std::size_t>(samples.rows);
  auto const n = static_cast<double>(samples.cols);
  std::vector<double> mean(width, 0.0), squares(width, 0.0);
  for (Index i = 0; i < samples.cols; ++i) add_values(samples.column(i), samples.rows, mean.data(), squares.data());
  for (double& value : mean) value /= n;
  double total = sum(squares);
  double const size = total;
  for (double const value : mean) total -= n * value * value;
  if (!(total > 1e-6 * size)) {  // too few digits are left beside large means
    squares.assign(width, 0.0);
    for (Index i = 0; i < samples.cols; ++i)
      add_squared_differences(samples.column(i), mean.data(), samples.rows, squares.data());
    total = sum(squares);
  }
  double const scale = total > 0 ? std::sqrt(n / total) : 0;
  std::vector<double> norms;
  for (Index i = 0; i < samples.cols; ++i) norms.push_back(centre(samples.column(i), mean.data(), scale, samples.rows));
  return norms;
}

}  // namespace confer
