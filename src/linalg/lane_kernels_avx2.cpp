// The lane kernels for processors with AVX2.
#include "linalg/lane_kernels.hpp"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)

// Whatever the standard library defines inline must come before the target changes: the linker may keep any copy.
#include <immintrin.h>
#pragma GCC target("avx2,fma,f16c")
#define CONFER_LANES 4
#include "linalg/lane_code.hpp"

namespace confer {

LaneKernels const* lane_kernels_avx2() {
  static constexpr LaneKernels kernels = kernels_of_this_translation("avx2");
  return &kernels;
}

}  // namespace confer

#else

namespace confer {

LaneKernels const* lane_kernels_avx2() { return nullptr; }

}  // namespace confer

#endif
