/// Householder tridiagonalisation of one matrix too large to be interleaved with others: lanes hold consecutive rows.
/// Included by lane_kernels_<isa>.cpp only (see lane_vector.hpp).
///
/// The same sweep as in lane_tridiagonal.hpp, update and product at once, on tiles: a lanes x lanes block on the
/// diagonal is kept whole, both triangles, so that no vector is ever cut; rows and columns already reduced stay in
/// their block and are silenced by zeros in the vectors.
#pragma once

#include "linalg/lane_vector.hpp"

namespace confer {
namespace {

inline double sum_of_lanes(Vec x) {
  double sum = 0;
  for (Index lane = 0; lane < lanes; ++lane) sum += x[lane];
  return sum;
}

/// Dot product of two aligned arrays of a multiple of `lanes` numbers.
inline double dot(double const* x_data, double const* y_data, Index n) {
  Vec const* const x = vectors(x_data);
  Vec const* const y = vectors(y_data);
  Vec s0{}, s1{}, s2{}, s3{};
  Index const count = n / lanes;
  Index i = 0;
  for (; i + 3 < count; i += 4) {
    s0 += x[i] * y[i];
    s1 += x[i + 1] * y[i + 1];
    s2 += x[i + 2] * y[i + 2];
    s3 += x[i + 3] * y[i + 3];
  }
  for (; i < count; ++i) s0 += x[i] * y[i];
  return sum_of_lanes((s0 + s1) + (s2 + s3));
}

/// Two columns c and c + 1 of the rows begin .. end, below their diagonal block: A -= v w' + w v', y += A x, and
/// returns in y[c], y[c + 1] what these rows add there.
inline void update_two_columns(double* a, Index ld, Index c, Index begin, Index end, double const* v, double const* w,
                               double const* x, double* y) {
  Vec const v0 = splat(v[c]), w0 = splat(w[c]), x0 = splat(x[c]);
  Vec const v1 = splat(v[c + 1]), w1 = splat(w[c + 1]), x1 = splat(x[c + 1]);
  double* const left = a + c * ld;
  double* const right = left + ld;
  Vec sum0{}, sum1{};
  for (Index i = begin; i < end; i += lanes) {
    Vec const vi = *vectors(v + i), wi = *vectors(w + i), xi = *vectors(x + i);
    Vec a0 = *vectors(left + i), a1 = *vectors(right + i);
    a0 -= vi * w0;
    a1 -= vi * w1;
    a0 -= wi * v0;
    a1 -= wi * v1;
    *vectors(left + i) = a0;
    *vectors(right + i) = a1;
    sum0 += a0 * xi;
    sum1 += a1 * xi;
    Vec yi = *vectors(y + i);
    yi += a0 * x0;
    yi += a1 * x1;
    *vectors(y + i) = yi;
  }
  y[c] += sum_of_lanes(sum0);
  y[c + 1] += sum_of_lanes(sum1);
}

/// A -= v w' + w v' and y = A x on the blocks from row and column `begin` on.
inline void update_and_multiply_single(double* a, Index ld, Index begin, Index end, double const* v, double const* w,
                                       double const* x, double* y) {
  for (Index i = begin; i < end; i += lanes) *vectors(y + i) = Vec{};
  for (Index block = begin; block < end; block += lanes) {
    Vec const vi = *vectors(v + block), wi = *vectors(w + block);
    Vec inside{};
    for (Index c = block; c < block + lanes; ++c) {
      Vec& diagonal = *vectors(a + block + c * ld);
      diagonal -= vi * splat(w[c]);
      diagonal -= wi * splat(v[c]);
      inside += diagonal * splat(x[c]);
    }
    *vectors(y + block) += inside;
    for (Index c = block; c < block + lanes; c += 2) update_two_columns(a, ld, c, block + lanes, end, v, w, x, y);
  }
}

void tridiagonalise_single(Index k, double* a, Index ld, double* work, double* d, double* e, Index stride,
                           double* tau) {
  double largest = 0;
  for (Index c = 0; c < k; ++c) {
    Vec most{};
    for (Index i = c / lanes * lanes; i < ld; i += lanes) most = larger(most, magnitude(*vectors(a + i + c * ld)));
    for (Index lane = 0; lane < lanes; ++lane)
      if (!(most[lane] <= largest)) largest = most[lane];
  }
  double const factor = largest > 0x1p200 ? 0x1p-500 : largest < 0x1p-200 && largest > 0 ? 0x1p500 : 1.0;
  double const undo = 1 / factor;
  if (factor != 1)
    for (Index q = 0; q < k * ld; ++q) a[q] *= factor;
  // See tridiagonalise.
  double const negligible = largest * factor * (largest * factor) * 1e-60;
  for (Index c = 0; c < k; ++c)
    for (Index i = c / lanes * lanes; i < c; ++i) a[i + c * ld] = a[c + i * ld];

  double* v = work;
  double* x = v + ld;
  double* const w = x + ld;
  double* const y = w + ld;
  for (Index i = 0; i < 4 * ld; ++i) work[i] = 0;
  for (Index j = 0; j < k; ++j) {
    double* const column = a + j * ld;
    if (j > 0) {
      Vec const vj = splat(v[j]), wj = splat(w[j]);
      for (Index i = j / lanes * lanes; i < ld; i += lanes) {
        Vec& ai = *vectors(column + i);
        ai -= *vectors(v + i) * wj;
        ai -= *vectors(w + i) * vj;
      }
      v[j] = w[j] = 0;  // the sweep leaves this column as it is: it keeps its reflector
    }
    d[j * stride] = column[j] * undo;
    if (j + 1 == k) {
      e[j * stride] = 0;
      return;
    }
    Index const begin = (j + 1) / lanes * lanes;
    for (Index i = begin; i < ld; i += lanes) *vectors(x + i) = *vectors(column + i);
    for (Index i = begin; i <= j + 1; ++i) x[i] = 0;
    double const alpha = column[j + 1];
    double const rest = dot(x + begin, x + begin, ld - begin);
    bool const live = rest > negligible;
    double const norm = __builtin_sqrt(alpha * alpha + rest);
    double const beta = live ? -__builtin_copysign(norm, alpha) : alpha;
    double const inverse = live ? 1 / (beta * (beta - alpha)) : 0.0;
    e[j * stride] = beta * undo;
    x[j + 1] = column[j + 1] = alpha - beta;
    tau[j] = inverse;
    // What is already reduced stays silent: v and w of those rows and columns act on nothing that is read again.
    update_and_multiply_single(a, ld, begin, ld, v, w, x, y);
    double const half = dot(x + begin, y + begin, ld - begin) * inverse * inverse * 0.5;
    for (Index i = begin; i < ld; i += lanes)
      *vectors(w + i) = *vectors(y + i) * splat(inverse) - splat(half) * *vectors(x + i);
    for (Index i = begin; i <= j; ++i) w[i] = 0;
    double* const used = v;
    v = x;
    x = used;
  }
}

}  // namespace
}  // namespace confer
