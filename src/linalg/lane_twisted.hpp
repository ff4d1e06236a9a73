/// Eigenvectors of one tridiagonal matrix for known eigenvalues, lanes hold different eigenvalues. Included by
/// lane_kernels_<isa>.cpp only (see lane_vector.hpp).
///
/// T - lambda is factored from the top and from the bottom; where the two meet with the smallest pivot, the vector is
/// largest, and from there both factorisations give its other elements (Fernando 1997, Dhillon and Parlett 2004).
#pragma once

#include "linalg/lane_ql.hpp"
#include "linalg/lane_vector.hpp"

namespace confer {
namespace {

/// Numbers of G x W eigenvalues: one vector alone would wait for its divisions.
struct Several {
  Vec at[group];
};

/// The quotient of an off-diagonal element and a pivot, which is kept away from zero.
inline Vec over_pivot(double element, Vec pivot) {
  Vec const tiny = splat(1e-250);
  return splat(element) / (magnitude(pivot) < tiny ? tiny : pivot);
}

/// above[i] = e[i] / pivot i from the top, below[i] = e[i - 1] / pivot i from the bottom.
inline void factor_both_ways(Index k, double const* d, double const* e, Several const& lambda, Several* above,
                             Several* below) {
  Several top, bottom;
  for (Index q = 0; q < group; ++q) {
    top.at[q] = splat(d[0]) - lambda.at[q];
    bottom.at[q] = splat(d[k - 1]) - lambda.at[q];
  }
  for (Index i = 0, j = k - 1; i + 1 < k; ++i, --j) {
#pragma GCC unroll 8
    for (Index q = 0; q < group; ++q) {
      Vec const from_top = over_pivot(e[i], top.at[q]), from_bottom = over_pivot(e[j - 1], bottom.at[q]);
      above[i].at[q] = from_top;
      below[j].at[q] = from_bottom;
      top.at[q] = (splat(d[i + 1]) - lambda.at[q]) - splat(e[i]) * from_top;
      bottom.at[q] = (splat(d[j - 1]) - lambda.at[q]) - splat(e[j - 1]) * from_bottom;
    }
  }
}

/// z[i], not normalised, and norms and residuals |Tz - lambda z| / |z|.
inline void twisted_vectors(Index k, double const* d, double const* e, Several const& lambda, Several const* above,
                            Several const* below, Several* z, Several& norms, Several& residuals) {
  Mask twist[group] = {};
  for (Index q = 0; q < group; ++q) residuals.at[q] = splat(__builtin_inf());
  for (Index i = 0; i < k; ++i)
#pragma GCC unroll 8
    for (Index q = 0; q < group; ++q) {
      Vec pivot = splat(d[i]) - lambda.at[q];
      if (i > 0) pivot -= splat(e[i - 1]) * above[i - 1].at[q];
      if (i + 1 < k) pivot -= splat(e[i]) * below[i + 1].at[q];
      Mask const better = magnitude(pivot) < residuals.at[q];
      residuals.at[q] = better ? magnitude(pivot) : residuals.at[q];
      twist[q] = better ? Mask{} + i : twist[q];
    }
  Several last = {};
  for (Index i = k - 1; i >= 0; --i)
#pragma GCC unroll 8
    for (Index q = 0; q < group; ++q) {
      Vec const next = i + 1 < k ? -above[i].at[q] * last.at[q] : Vec{};
      last.at[q] = twist[q] == i ? splat(1.0) : next;
      z[i].at[q] = last.at[q];
    }
  for (Index q = 0; q < group; ++q) norms.at[q] = last.at[q] * last.at[q];
  for (Index i = 1; i < k; ++i)
#pragma GCC unroll 8
    for (Index q = 0; q < group; ++q) {
      last.at[q] = twist[q] < i ? -below[i].at[q] * last.at[q] : z[i].at[q];
      z[i].at[q] = last.at[q];
      norms.at[q] += last.at[q] * last.at[q];
    }
  for (Index q = 0; q < group; ++q) {
    norms.at[q] = square_root(norms.at[q]);
    residuals.at[q] /= norms.at[q];
  }
}

void tridiagonal_vectors(Index k, double const* d, double const* e, double const* values, double* work,
                         double* vectors_out, Index ld, double* residuals) {
  auto* const above = reinterpret_cast<Several*>(vectors(work));
  auto* const below = above + k;
  auto* const z = below + k;
  for (Index begin = 0; begin < k; begin += wide) {
    Index const count = k - begin < wide ? k - begin : wide;
    Several lambda = {}, norms, distances;
    for (Index m = 0; m < wide; ++m) lambda.at[m / lanes][m % lanes] = values[begin + (m < count ? m : count - 1)];
    factor_both_ways(k, d, e, lambda, above, below);
    twisted_vectors(k, d, e, lambda, above, below, z, norms, distances);
    for (Index m = 0; m < count; ++m) {
      double const factor = 1 / norms.at[m / lanes][m % lanes];
      double* const to = vectors_out + (begin + m) * ld;
      for (Index i = 0; i < k; ++i) to[i] = z[i].at[m / lanes][m % lanes] * factor;
      residuals[begin + m] = distances.at[m / lanes][m % lanes];
    }
  }
}

}  // namespace
}  // namespace confer
