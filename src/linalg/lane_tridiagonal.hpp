/// Householder tridiagonalisation of W interleaved matrices. Included by lane_kernels_<isa>.cpp only (see
/// lane_vector.hpp).
///
/// EISPACK's tred1 turned around: the rank-two update of one step and the matrix-vector product of the next are one
/// sweep over the triangle, so every element is loaded and stored once per step for four multiply-adds.
#pragma once

#include "linalg/lane_vector.hpp"

namespace confer {
namespace {

/// Column j of a packed lower triangle, addressed by absolute row.
inline Vec* packed_column(Vec* packed, Index k, Index j) { return packed + j * (2 * k - j - 1) / 2; }

/// Brings lanes whose elements are far from one to it by a power of two, so that no square over- or underflows.
/// Returns the largest magnitude left in each lane and the factor that undoes the scaling.
struct LaneRange {
  Vec largest;
  Vec undo;
};
inline LaneRange normalise_range(Vec* packed, Index size) {
  Vec largest{}, other{};
  Index q = 0;
  for (; q + 1 < size; q += 2) {
    largest = larger(largest, magnitude(packed[q]));
    other = larger(other, magnitude(packed[q + 1]));
  }
  if (q < size) largest = larger(largest, magnitude(packed[q]));
  largest = larger(largest, other);
  Vec const small = splat(0x1p-200), large = splat(0x1p200);
  Mask const tiny = (largest < small) & (largest > splat(0.0));
  Mask const huge = largest > large;
  Vec const one = splat(1.0);
  if (!any(tiny | huge)) return {largest, one};
  Vec const factor = tiny ? splat(0x1p500) : huge ? splat(0x1p-500) : one;
  for (q = 0; q < size; ++q) packed[q] *= factor;
  return {largest * factor, tiny ? splat(0x1p-500) : huge ? splat(0x1p500) : one};
}

/// Sum of f(i) for begin <= i < end, in four interleaved partial sums that do not depend on end.
template <class F>
inline Vec sum_of(Index begin, Index end, F f) {
  Vec s0{}, s1{}, s2{}, s3{};
  Index i = begin;
  for (; i + 3 < end; i += 4) {
    s0 += f(i);
    s1 += f(i + 1);
    s2 += f(i + 2);
    s3 += f(i + 3);
  }
  if (i < end) s0 += f(i);
  if (i + 1 < end) s1 += f(i + 1);
  if (i + 2 < end) s2 += f(i + 2);
  return (s0 + s1) + (s2 + s3);
}

/// On the triangle of rows and columns >= first: A -= v w' + w v' (if there is a pending update), then y = A x.
template <bool pending>
inline void update_and_multiply(Index first, Index k, Vec* packed, Vec const* v, Vec const* w, Vec const* x, Vec* y) {
  for (Index i = first; i < k; ++i) y[i] = Vec{};
  auto const updated = [&](Vec a, Vec vi, Vec wi, Vec vc, Vec wc) {
    if constexpr (pending) {
      a -= vi * wc;
      a -= wi * vc;
    }
    return a;
  };
  Index c = first;
  for (; c + 1 < k; c += 2) {
    Vec* const left = packed_column(packed, k, c);
    Vec* const right = packed_column(packed, k, c + 1);
    Vec const v0 = v[c], w0 = w[c], x0 = x[c];
    Vec const v1 = v[c + 1], w1 = w[c + 1], x1 = x[c + 1];
    Vec const a00 = updated(left[c], v0, w0, v0, w0);
    Vec const a10 = updated(left[c + 1], v1, w1, v0, w0);
    Vec const a11 = updated(right[c + 1], v1, w1, v1, w1);
    left[c] = a00;
    left[c + 1] = a10;
    right[c + 1] = a11;
    // Sums start from zero even here, lest a compiler fuse the product into a later sum on one path and not on another:
    // padding would then change the last bit.
    Vec sum0{}, sum1{};
    sum0 += a00 * x0;
    sum0 += a10 * x1;
    sum1 += a11 * x1;
    y[c + 1] += a10 * x0;
    for (Index i = c + 2; i < k; ++i) {
      Vec const vi = v[i], wi = w[i], xi = x[i];
      Vec const a0 = updated(left[i], vi, wi, v0, w0);
      Vec const a1 = updated(right[i], vi, wi, v1, w1);
      left[i] = a0;
      right[i] = a1;
      sum0 += a0 * xi;
      sum1 += a1 * xi;
      Vec yi = y[i];
      yi += a0 * x0;
      yi += a1 * x1;
      y[i] = yi;
    }
    y[c] += sum0;
    y[c + 1] += sum1;
  }
  if (c < k) {
    Vec* const last = packed_column(packed, k, c);
    last[c] = updated(last[c], v[c], w[c], v[c], w[c]);
    Vec sum{};
    sum += last[c] * x[c];
    y[c] += sum;
  }
}

void tridiagonalise(Index k, double* packed_data, double* work, double* d_data, double* e_data, Index stride) {
  Vec* const packed = vectors(packed_data);
  auto const [largest, undo] = normalise_range(packed, k * (k + 1) / 2);
  // A column this small against the matrix is zero already; going on would only risk overflow in 1 / h.
  Vec const negligible = largest * largest * splat(1e-60);
  Vec* v = vectors(work);
  Vec* x = v + k;
  Vec* const w = x + k;
  for (Index j = 0; j < k; ++j) {
    Vec* const column = packed_column(packed, k, j);
    if (j > 0) {
      for (Index i = j; i < k; ++i) {
        Vec a = column[i];
        a -= v[i] * w[j];
        a -= w[i] * v[j];
        column[i] = a;
      }
    }
    *vectors(d_data + j * stride) = column[j] * undo;
    if (j + 1 == k) {
      *vectors(e_data + j * stride) = Vec{};
      return;
    }
    // H = I - x x' / h takes the column below the diagonal to (beta, 0, ..., 0).
    Vec const alpha = column[j + 1];
    Vec const rest = sum_of(j + 2, k, [&](Index i) { return column[i] * column[i]; });
    Mask const live = rest > negligible;
    Vec const norm = square_root(alpha * alpha + rest);
    Vec const beta = live ? -with_sign(norm, alpha) : alpha;
    Vec const inverse = live ? splat(1.0) / (beta * (beta - alpha)) : Vec{};
    *vectors(e_data + j * stride) = beta * undo;
    x[j + 1] = alpha - beta;
    for (Index i = j + 2; i < k; ++i) x[i] = column[i];
    // The old w is still needed during the sweep, so the product is built where the column was.
    Vec* const y = column;
    if (j == 0)
      update_and_multiply<false>(j + 1, k, packed, v, w, x, y);
    else
      update_and_multiply<true>(j + 1, k, packed, v, w, x, y);
    for (Index i = j + 1; i < k; ++i) y[i] *= inverse;
    Vec const half = sum_of(j + 1, k, [&](Index i) { return x[i] * y[i]; }) * inverse * splat(0.5);
    for (Index i = j + 1; i < k; ++i) w[i] = y[i] - half * x[i];
    Vec* const used = v;
    v = x;
    x = used;
  }
}

}  // namespace
}  // namespace confer
