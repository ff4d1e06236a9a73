/// Centred samples in single precision.
#pragma once

#include <vector>

#include "confer/linalg/matrix.hpp"

namespace confer {

/// Takes the means of the features off and scales all values so that the mean squared norm of the samples is 1 (values
/// that do not vary become 0). samples: features x n, finite. Returns the squared norms.
std::vector<double> centre_samples(MatrixView<float> samples);

}  // namespace confer
