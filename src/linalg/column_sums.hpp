/// What one pass over rows gathers of every feature.
#pragma once

#include "confer/linalg/matrix.hpp"

namespace confer {

/// Takes `shift` off `count` values of one row; adds them to `sums`, raises `largest` to them and `lowest` to minus them.
void shift_and_gather(double* row, double const* shift, Index count, double* sums, double* largest, double* lowest);

}  // namespace confer
