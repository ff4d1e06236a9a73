#include "linalg/short_kernels.hpp"

#include <algorithm>
#include <cmath>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define CONFER_X86_KERNELS 1
#include <immintrin.h>
#endif

namespace confer {

namespace {

constexpr Index group_codes = 2 * short_group;  // of one pair of features
constexpr Index features_at_once = 512;         // of which two groups fit the first cache together

void any_kernel(ShortShape const& shape, std::int16_t const* left, std::int16_t const* right, float* out, Index ld) {
  for (Index j = 0; j < short_group; ++j) {
    float* const column = out + j * ld;
    if (shape.first) std::fill_n(column, short_group, 0.0f);
    for (Index begin = 0; begin < shape.pairs; begin += shape.pairs_per_block) {
      std::int32_t sums[short_group] = {};
      for (Index k = begin; k < std::min(begin + shape.pairs_per_block, shape.pairs); ++k) {
        std::int32_t const first = right[k * group_codes + 2 * j], second = right[k * group_codes + 2 * j + 1];
        for (Index i = 0; i < short_group; ++i)
          sums[i] += left[k * group_codes + 2 * i] * first + left[k * group_codes + 2 * i + 1] * second;
      }
      float const weight = shape.weights[begin / shape.pairs_per_block];
      for (Index i = 0; i < short_group; ++i) column[i] = std::fma(static_cast<float>(sums[i]), weight, column[i]);
    }
  }
}

#if defined(CONFER_X86_KERNELS)

/// Two codes as one number, to be spread over a vector.
inline std::int32_t two_codes(std::int16_t const* at) {
  std::int32_t both = 0;
  __builtin_memcpy(&both, at, sizeof both);
  return both;
}

/// sum += the products of two features. In place: left to itself the compiler runs out of registers.
__attribute__((target("avx2,fma"), always_inline)) inline void add_products(__m256i& sum, __m256i left, __m256i right) {
  __m256i const product = _mm256_madd_epi16(left, right);
  __asm__("vpaddd %1, %0, %0" : "+x"(sum) : "x"(product));
}

/// to += weight sum, or = where that is the first.
__attribute__((target("avx2,fma"), always_inline)) inline void add_block(float* to, __m256i sum, __m256 weight,
                                                                         bool first) {
  __m256 const before = first ? _mm256_setzero_ps() : _mm256_loadu_ps(to);
  _mm256_storeu_ps(to, _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum), weight, before));
}

/// Four samples of `right` at a time.
__attribute__((target("avx2,fma"))) void avx2_kernel(ShortShape const& shape, std::int16_t const* left,
                                                     std::int16_t const* right, float* out, Index ld) {
  for (Index begin = 0; begin < shape.pairs; begin += shape.pairs_per_block)
    for (Index j = 0; j < short_group; j += 4) {
      __m256i const none = _mm256_setzero_si256();
      __m256i a0 = none, a1 = none, b0 = none, b1 = none, c0 = none, c1 = none, d0 = none, d1 = none;
      std::int16_t const* const end = left + std::min(begin + shape.pairs_per_block, shape.pairs) * group_codes;
      std::int16_t const* other = right + begin * group_codes + 2 * j;
#pragma GCC unroll 2
      for (std::int16_t const* at = left + begin * group_codes; at < end; at += group_codes, other += group_codes) {
        __m256i const low = _mm256_loadu_si256(reinterpret_cast<__m256i const*>(at));
        __m256i const high = _mm256_loadu_si256(reinterpret_cast<__m256i const*>(at + short_group));
        __m256i const a = _mm256_set1_epi32(two_codes(other)), b = _mm256_set1_epi32(two_codes(other + 2));
        add_products(a0, low, a);
        add_products(a1, high, a);
        add_products(b0, low, b);
        add_products(b1, high, b);
        __m256i const c = _mm256_set1_epi32(two_codes(other + 4)), d = _mm256_set1_epi32(two_codes(other + 6));
        add_products(c0, low, c);
        add_products(c1, high, c);
        add_products(d0, low, d);
        add_products(d1, high, d);
      }
      __m256 const weight = _mm256_set1_ps(shape.weights[begin / shape.pairs_per_block]);
      bool const first = shape.first && begin == 0;
      float* const to = out + j * ld;
      add_block(to, a0, weight, first);
      add_block(to + 8, a1, weight, first);
      add_block(to + ld, b0, weight, first);
      add_block(to + ld + 8, b1, weight, first);
      add_block(to + 2 * ld, c0, weight, first);
      add_block(to + 2 * ld + 8, c1, weight, first);
      add_block(to + 3 * ld, d0, weight, first);
      add_block(to + 3 * ld + 8, d1, weight, first);
    }
}

__attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni"))) void avx512_kernel(ShortShape const& shape,
                                                                                   std::int16_t const* left,
                                                                                   std::int16_t const* right, float* out,
                                                                                   Index ld) {
  constexpr int columns = 16;
  for (Index begin = 0; begin < shape.pairs; begin += shape.pairs_per_block) {
    __m512i sums[columns] = {};
    Index const end = std::min(begin + shape.pairs_per_block, shape.pairs);
    for (Index k = begin; k < end; ++k) {
      __m512i const codes = _mm512_loadu_si512(left + k * group_codes);
#pragma GCC unroll 16
      for (int c = 0; c < columns; ++c)
        sums[c] = _mm512_dpwssd_epi32(sums[c], codes, _mm512_set1_epi32(two_codes(right + k * group_codes + 2 * c)));
    }
    __m512 const weight = _mm512_set1_ps(shape.weights[begin / shape.pairs_per_block]);
#pragma GCC unroll 16
    for (int c = 0; c < columns; ++c) {
      float* const to = out + c * ld;
      __m512 const before = shape.first && begin == 0 ? _mm512_setzero_ps() : _mm512_loadu_ps(to);
      // The masked form: the plain one warns of an uninitialised operand inside GCC 12's header.
      _mm512_storeu_ps(to, _mm512_fmadd_ps(_mm512_maskz_cvtepi32_ps(0xffff, sums[c]), weight, before));
    }
  }
}

#endif

}  // namespace

std::vector<ShortKernel> available_short_kernels() {
  std::vector<ShortKernel> kernels = {any_kernel};
#if defined(CONFER_X86_KERNELS)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) kernels.push_back(avx2_kernel);
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni"))
    kernels.push_back(avx512_kernel);
#endif
  return kernels;
}

void short_products(ShortSamples const& x, Index row, Index col, MatrixView<float> g, ProductPart part) {
  static ShortKernel const kernel = available_short_kernels().back();
  std::vector<float> weights;
  for (Index b = 0; b < x.blocks(); ++b) weights.push_back(x.units[b] * x.units[b]);
  Index const block = x.block / 2, chunk = std::max(block, features_at_once / 2 / block * block);
  for (Index begin = 0; begin < x.pairs(); begin += chunk) {
    ShortShape const shape{std::min(chunk, x.pairs() - begin), block, weights.data() + begin / block, begin == 0};
    for (Index j = 0; j < g.cols; j += short_group)
      for (Index i = part == ProductPart::lower ? j : 0; i < g.rows; i += short_group) {
        auto const* const left = x.codes + x.place(2 * begin, row + i);
        auto const* const right = x.codes + x.place(2 * begin, col + j);
        Index const rows = std::min(short_group, g.rows - i), cols = std::min(short_group, g.cols - j);
        if (rows == short_group && cols == short_group) {
          kernel(shape, left, right, g.column(j) + i, g.ld);
          continue;
        }
        float edge[short_group * short_group] = {};
        for (Index c = 0; c < cols; ++c) std::copy_n(g.column(j + c) + i, rows, edge + c * short_group);
        kernel(shape, left, right, edge, short_group);
        for (Index c = 0; c < cols; ++c) std::copy_n(edge + c * short_group, rows, g.column(j + c) + i);
      }
  }
}

}  // namespace confer
