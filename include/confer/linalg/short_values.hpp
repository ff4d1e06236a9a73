/// Values in 16 bits: whole multiples of one unit per feature, half the space of single precision.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "confer/linalg/matrix.hpp"

namespace confer {

/// The unit of each feature: its largest size is 32767 of them. samples: features x n.
std::vector<float> short_units(MatrixView<float const> samples);

/// Codes of the samples, to the nearest unit. Returns the sum of squares of what is lost.
double encode_short(MatrixView<float const> samples, std::span<float const> units, MatrixView<std::int16_t> codes);

/// The values that codes stand for.
void decode_short(MatrixView<std::int16_t const> codes, std::span<float const> units, MatrixView<float> out);

/// Whether a loss is too small to be seen, beside samples of this typical squared norm. Errors of n p values are
/// independent and average out, so that kernels of all samples see about the relative error of one sample over
/// sqrt(n p); it must not exceed 2e-7.
bool negligible_loss(double lost, double typical_squared_norm, Index samples, Index features);

}  // namespace confer
