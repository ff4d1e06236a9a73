// The lane kernels for processors with AVX512.
#include "linalg/lane_kernels.hpp"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)

// Whatever the standard library defines inline must come before the target changes: the linker may keep any copy.
#include <immintrin.h>
#pragma GCC target("avx512f,avx512dq,avx512vl,avx2,fma")
#define CONFER_LANES 8
#include "linalg/lane_code.hpp"

namespace confer {

LaneKernels const* lane_kernels_avx512() {
  static constexpr LaneKernels kernels = kernels_of_this_translation("avx512");
  return &kernels;
}

}  // namespace confer

#else

namespace confer {

LaneKernels const* lane_kernels_avx512() { return nullptr; }

}  // namespace confer

#endif
