#include "linalg/select_between.hpp"

#include <array>
#include <bit>
#include <cstdint>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define CONFER_X86_KERNELS 1
#include <immintrin.h>
#endif

namespace confer {

namespace {

template <class T>
Selected select_any(T const* values, Index count, T low, T high, T* out) {
  T* const begin = out;
  Index below = 0;
  for (Index i = 0; i < count; ++i) {  // without branches: which way they go cannot be foreseen
    T const value = values[i];
    *out = value;
    out += static_cast<Index>(value >= low) & static_cast<Index>(value <= high);
    below += static_cast<Index>(value < low);
  }
  return {below, out - begin};
}

#if defined(CONFER_X86_KERNELS)

/// For every set of eight lanes, a bit each: their numbers, a byte each, from the lowest byte on.
constexpr std::array<std::uint64_t, 256> lanes_of_set() {
  std::array<std::uint64_t, 256> table{};
  for (std::uint64_t set = 0; set < 256; ++set) {
    int at = 0;
    for (std::uint64_t lane = 0; lane < 8; ++lane)
      if ((set >> lane & 1) != 0) table[set] |= lane << (8 * at++);
  }
  return table;
}

__attribute__((target("avx2,popcnt"))) Selected select_avx2(float const* values, Index count, float low, float high,
                                                            float* out) {
  static constexpr std::array<std::uint64_t, 256> lanes = lanes_of_set();
  float* const begin = out;
  __m256 const least = _mm256_set1_ps(low), most = _mm256_set1_ps(high);
  Selected found;
  Index i = 0;
  for (; i + 8 <= count; i += 8) {
    __m256 const all = _mm256_loadu_ps(values + i);
    __m256 const reached = _mm256_cmp_ps(all, least, _CMP_GE_OQ);
    auto const less = static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(all, least, _CMP_LT_OQ)));
    auto const set = static_cast<unsigned>(
        _mm256_movemask_ps(_mm256_and_ps(reached, _mm256_cmp_ps(all, most, _CMP_LE_OQ))));
    __m256i const order = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(static_cast<long long>(lanes[set])));
    _mm256_storeu_ps(out, _mm256_permutevar8x32_ps(all, order));
    out += std::popcount(set);
    found.below += std::popcount(less);
  }
  found.inside = out - begin;
  Selected const rest = select_any(values + i, count - i, low, high, out);
  return {found.below + rest.below, found.inside + rest.inside};
}

#endif

}  // namespace

Selected select_between(float const* values, Index count, float low, float high, float* out) {
#if defined(CONFER_X86_KERNELS)
  static bool const has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt");
  if (has_avx2) return select_avx2(values, count, low, high, out);
#endif
  return select_any(values, count, low, high, out);
}

Selected select_between(double const* values, Index count, double low, double high, double* out) {
  return select_any(values, count, low, high, out);
}

}  // namespace confer
