/// Products of two groups of samples in 16 bits, for several processors. All give the same bits.
#pragma once

#include <vector>

#include "confer/linalg/short_samples.hpp"

namespace confer {

/// A stretch of the features, from a block's first on.
struct ShortShape {
  Index pairs = 0;  ///< of features
  Index pairs_per_block = 0;
  float const* weights = nullptr;  ///< squared units of the blocks
  bool first = true;               ///< the first of the stretches: nothing is in `out` yet
};

/// out(i, j), 16 x 16 with leading dimension ld, += sum over blocks, in order, of weight times the product of the codes of
/// sample i of `left` and sample j of `right`.
using ShortKernel = void (*)(ShortShape const& shape, std::int16_t const* left, std::int16_t const* right, float* out,
                             Index ld);

/// What this processor can run, slowest first.
std::vector<ShortKernel> available_short_kernels();

}  // namespace confer
