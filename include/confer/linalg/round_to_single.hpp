/// Matrices from double to single precision.
#pragma once

#include <algorithm>

#include "confer/linalg/matrix.hpp"

namespace confer {

/// Both of one size.
inline void round_to_single(MatrixView<double const> from, MatrixView<float> to) {
  for (Index j = 0; j < from.cols; ++j)
    std::transform(from.column(j), from.column(j) + from.rows, to.column(j),
                   [](double value) { return static_cast<float>(value); });
}

}  // namespace confer
