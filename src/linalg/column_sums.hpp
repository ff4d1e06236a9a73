/// Passes over rows and columns of a matrix in which every value is looked at once.
#pragma once

#include "confer/linalg/matrix.hpp"

namespace confer {

/// Takes `shift` off `count` values of one row; adds them to `sums`, raises `largest` to them and `lowest` to minus them.
void shift_and_gather(double* row, double const* shift, Index count, double* sums, double* largest, double* lowest);

/// Takes `offset` off `count` values.
void subtract(double* values, double const* offset, Index count);

/// Adds `weight` times their squares to the sums.
void add_squares(double const* values, Index count, double weight, double* sums);
void add_squares(float const* values, Index count, double weight, double* sums);

/// The same, and the values in single precision.
void round_and_add_squares(double const* values, Index count, double weight, float* rounded, double* sums);

/// The values times `factor` in single precision.
void scale_and_round(double const* values, double factor, Index count, float* rounded);

}  // namespace confer
