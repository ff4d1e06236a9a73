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

}  // namespace confer
