// Compiled like tile_functions.cpp (CMakeLists.txt).
#include "linalg/column_sums.hpp"

#include "linalg/vector_clones.hpp"

namespace confer {

CONFER_VECTOR_CLONES void shift_and_gather(double* row, double const* shift, Index count, double* sums, double* largest,
                                           double* lowest) {
  for (Index k = 0; k < count; ++k) {
    double const value = row[k] - shift[k];
    row[k] = value;
    sums[k] += value;
    largest[k] = largest[k] < value ? value : largest[k];
    lowest[k] = lowest[k] < -value ? -value : lowest[k];
  }
}

CONFER_VECTOR_CLONES void subtract(double* values, double const* offset, Index count) {
  for (Index k = 0; k < count; ++k) values[k] -= offset[k];
}

CONFER_VECTOR_CLONES void add_squares(double const* values, Index count, double weight, double* sums) {
  for (Index k = 0; k < count; ++k) sums[k] += weight * values[k] * values[k];
}

CONFER_VECTOR_CLONES void add_squares(float const* values, Index count, double weight, double* sums) {
  for (Index k = 0; k < count; ++k) sums[k] += weight * static_cast<double>(values[k]) * static_cast<double>(values[k]);
}

CONFER_VECTOR_CLONES void scale_and_round(double const* values, double factor, Index count, float* rounded) {
  for (Index k = 0; k < count; ++k) rounded[k] = static_cast<float>(values[k] * factor);
}

CONFER_VECTOR_CLONES void round_and_add_squares(double const* values, Index count, double weight, float* rounded,
                                                double* sums) {
  for (Index k = 0; k < count; ++k) {
    double const value = values[k];
    rounded[k] = static_cast<float>(value);
    sums[k] += weight * value * value;
  }
}

}  // namespace confer
