/// Vectors of the instruction set this file is compiled for. Included by lane_kernels_<isa>.cpp only: everything is in
/// an unnamed namespace, so that code of one instruction set can never be linked into another.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "linalg/lane_kernels.hpp"

namespace confer {
namespace {

// Defined by the including file, not derived from __AVX2__ and the like: a compiler that preprocesses first (as ccache
// makes it) has not seen the target pragma by then.
constexpr Index lanes = CONFER_LANES;

using Vec __attribute__((vector_size(8 * lanes), may_alias)) = double;
using Mask __attribute__((vector_size(8 * lanes), may_alias)) = long long;

inline Vec splat(double value) { return Vec{} + value; }
inline Vec* vectors(double* lane_array) { return reinterpret_cast<Vec*>(lane_array); }
inline Vec const* vectors(double const* lane_array) { return reinterpret_cast<Vec const*>(lane_array); }

inline Vec square_root(Vec x) {
#if CONFER_LANES == 8
  return _mm512_maskz_sqrt_pd(0xff, x);  // the plain one warns of an uninitialised operand inside GCC 12's header
#elif CONFER_LANES == 4
  return _mm256_sqrt_pd(x);
#else
  for (Index lane = 0; lane < lanes; ++lane) x[lane] = __builtin_sqrt(x[lane]);
  return x;
#endif
}

inline Vec magnitude(Vec x) { return reinterpret_cast<Vec>(reinterpret_cast<Mask>(x) & 0x7fffffffffffffffLL); }

/// The magnitude of x with the sign of y.
inline Vec with_sign(Vec x, Vec y) {
  Mask const sign = reinterpret_cast<Mask>(y) & static_cast<long long>(0x8000000000000000ULL);
  return reinterpret_cast<Vec>(reinterpret_cast<Mask>(magnitude(x)) | sign);
}

/// The larger one, lane by lane; NaN if x is NaN.
inline Vec larger(Vec x, Vec y) { return y > x ? y : x; }

inline bool any(Mask mask) {
  long long found = 0;
  for (Index lane = 0; lane < lanes; ++lane) found |= mask[lane];
  return found != 0;
}

}  // namespace
}  // namespace confer
