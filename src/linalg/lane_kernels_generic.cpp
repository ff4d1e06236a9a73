// The lane kernels for any processor.
#define CONFER_LANES 2
#include "linalg/lane_code.hpp"

namespace confer {

LaneKernels const* lane_kernels_generic() {
  static constexpr LaneKernels kernels = kernels_of_this_translation("generic");
  return &kernels;
}

}  // namespace confer
