/// Root-free QL iteration (Pal, Walker and Kahan) on interleaved tridiagonal matrices. Included by
/// lane_kernels_<isa>.cpp only (see lane_vector.hpp).
///
/// All lanes sweep together from the bottom up; each has its own shift and its own top, the first eigenvalue that has
/// not converged. A sweep needs no bottom: where an off-diagonal element is zero, the recurrence starts afresh by
/// itself. Several vectors are swept at once because one alone would wait for its divisions.
#pragma once

#include "linalg/lane_vector.hpp"

namespace confer {
namespace {

constexpr Index group = 4;
constexpr Index wide = group * lanes;

struct alignas(64) WideArray {
  double at[wide];
};

/// Scales every lane by a power of two to about one and squares e. The factor that undoes it; NaN for a lane that is
/// not finite, whose d and e become zero.
template <Index used>
inline WideArray scale_and_square(Index k, double* d, double* e) {
  WideArray undo;
  for (Index q = 0; q < used; ++q) {
    Vec largest{};
    for (Index i = 0; i < k; ++i) {
      Vec const di = vectors(d + i * wide)[q], ei = vectors(e + i * wide)[q];
      // The sum carries a NaN of either one into the comparison.
      Vec const both = magnitude(di) + magnitude(ei);
      largest = both <= largest ? largest : both;
      largest = largest == largest ? largest : splat(__builtin_inf());
    }
    Vec factor{};
    for (Index lane = 0; lane < lanes; ++lane) {
      double const size = largest[lane];
      bool const finite = size < __builtin_inf();
      int const exponent = finite && size > 0 ? __builtin_ilogb(size) : 0;
      factor[lane] = __builtin_ldexp(1.0, -exponent);
      undo.at[q * lanes + lane] = finite ? __builtin_ldexp(1.0, exponent) : __builtin_nan("");
      if (!finite) factor[lane] = 0;
    }
    Mask const finite = factor != splat(0.0);
    for (Index i = 0; i < k; ++i) {
      Vec& di = vectors(d + i * wide)[q];
      Vec& ei = vectors(e + i * wide)[q];
      di = finite ? di * factor : Vec{};
      ei = finite ? ei * factor : Vec{};
      ei *= ei;
    }
  }
  return undo;
}

/// One sweep of all lanes from the bottom to the smallest top. On return gamma, s and p are those of each lane's top.
template <Index used>
inline void sweep(Index k, Index smallest_top, double* d, double* e, Mask const* top, Vec const* sigma, Vec* gamma,
                  Vec* s, Vec* p) {
  Vec const one = splat(1.0), tiny = splat(1e-280);
  Vec c[used];
  for (Index q = 0; q < used; ++q) {
    gamma[q] = vectors(d + (k - 1) * wide)[q] - sigma[q];
    p[q] = gamma[q] * gamma[q];
    c[q] = one;
    s[q] = Vec{};
  }
  for (Index i = k - 2; i >= smallest_top; --i) {
    Vec* const di = vectors(d + i * wide);
    Vec* const ei = vectors(e + i * wide);
#pragma GCC unroll 8
    for (Index q = 0; q < used; ++q) {
      Mask const active = top[q] <= i;
      Vec const bb = ei[q];
      Vec const pq = p[q] < tiny ? Vec{} : p[q];
      Vec const r = pq + bb;
      Mask const split = bb == Vec{};
      Mask const vanished = pq == Vec{};
      Vec const inverse = one / r;
      Vec const ratio = split ? one : r / pq;
      Vec const old_c = c[q], old_gamma = gamma[q];
      Vec const new_c = split ? one : pq * inverse;
      Vec const new_s = split ? Vec{} : bb * inverse;
      Vec const alpha = di[q];
      Vec new_gamma = new_c * (alpha - sigma[q]);
      new_gamma -= new_s * old_gamma;
      Vec const squared = new_gamma * new_gamma * ratio;
      Vec const new_p = (vanished & ~split) ? old_c * bb : squared;
      Vec const shifted = old_gamma + (alpha - new_gamma);
      di[group + q] = active ? shifted : di[group + q];
      // The bottom row has no element below it: its s is zero, and so is what is stored there.
      ei[group + q] = active ? s[q] * r : ei[group + q];
      c[q] = active ? new_c : c[q];
      s[q] = active ? new_s : s[q];
      gamma[q] = active ? new_gamma : gamma[q];
      p[q] = active ? new_p : p[q];
    }
  }
}

/// The eigenvalue of the leading 2 x 2 matrix (d0, d1, e0^2) nearer to d0, by lane.
inline Vec shift(Vec d0, Vec d1, Vec squared) {
  Vec const root = square_root(squared);
  Vec const half = (d1 - d0) / (root + root);
  Vec const r = square_root(half * half + splat(1.0));
  return d0 - root / (half + with_sign(r, half));
}

template <Index used>
bool eigenvalues_of(Index k, double* d, double* e) {
  WideArray const undo = scale_and_square<used>(k, d, e);
  // Dropping an off-diagonal element moves an eigenvalue by at most its size. Below eps of the largest, rounding alone
  // keeps it alive.
  constexpr double negligible = 0x1p-52 * 0x1p-52;
  Index top[wide] = {}, sweeps_at_top[wide] = {};
  WideArray first, second, squared, shifts, ends[3];
  for (Index sweeps = 0;; ++sweeps) {
    Index smallest = k - 1;
    for (Index lane = 0; lane < used * lanes; ++lane) {
      Index l = top[lane];
      // Seldom, in a cluster, rounding holds an element up: then ask for less, by and by.
      Index const waited = sweeps_at_top[lane]++ / 16;
      double const patience = waited > 0 ? __builtin_ldexp(1.0, 2 * static_cast<int>(waited < 16 ? waited : 16)) : 1.0;
      while (l < k - 1 && e[l * wide + lane] <= negligible * patience) e[l++ * wide + lane] = 0;
      if (l > top[lane]) sweeps_at_top[lane] = 0;
      top[lane] = l;
      if (l < smallest) smallest = l;
      bool const live = l < k - 1;
      first.at[lane] = d[l * wide + lane];
      second.at[lane] = live ? d[(l + 1) * wide + lane] : 0;
      squared.at[lane] = live ? e[l * wide + lane] : 1;
    }
    if (smallest == k - 1) break;
    if (sweeps == 30 * k) return false;
    Vec sigma[used], gamma[used], s[used], p[used];
    Mask tops[used];
    for (Index q = 0; q < used; ++q) {
      sigma[q] = shift(vectors(first.at)[q], vectors(second.at)[q], vectors(squared.at)[q]);
      vectors(shifts.at)[q] = sigma[q];
      for (Index lane = 0; lane < lanes; ++lane) tops[q][lane] = top[q * lanes + lane];
    }
    sweep<used>(k, smallest, d, e, tops, sigma, gamma, s, p);
    for (Index q = 0; q < used; ++q) {
      vectors(ends[0].at)[q] = sigma[q] + gamma[q];
      vectors(ends[1].at)[q] = s[q] * p[q];
    }
    for (Index lane = 0; lane < used * lanes; ++lane) {
      if (top[lane] == k - 1) continue;
      d[top[lane] * wide + lane] = ends[0].at[lane];
      e[top[lane] * wide + lane] = ends[1].at[lane];
    }
  }
  for (Index i = 0; i < k; ++i)
    for (Index q = 0; q < used; ++q) vectors(d + i * wide)[q] *= vectors(undo.at)[q];
  return true;
}

/// A vector alone and several together get the same bits, but fewer vectors are sooner done.
bool eigenvalues(Index k, Index batches, double* d, double* e) {
  if (batches <= 1) return eigenvalues_of<1>(k, d, e);
  if (batches <= 2) return eigenvalues_of<2>(k, d, e);
  return eigenvalues_of<group>(k, d, e);
}

}  // namespace
}  // namespace confer
