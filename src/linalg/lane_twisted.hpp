/// Eigenvectors of one tridiagonal matrix for known eigenvalues, lanes hold different eigenvalues. Included by
/// lane_kernels_<isa>.cpp only (see lane_vector.hpp).
///
/// T - lambda is factored from the top and from the bottom; where the two meet with the smallest pivot, the vector is
/// largest, and from there both factorisations give its other elements (Fernando 1997, Dhillon and Parlett 2004).
#pragma once

#include "linalg/lane_vector.hpp"

namespace confer {
namespace {

/// The quotient of an off-diagonal element and a pivot, which is kept away from zero.
inline Vec over_pivot(double element, Vec pivot) {
  Vec const tiny = splat(1e-250);
  return splat(element) / (magnitude(pivot) < tiny ? tiny : pivot);
}

/// z[i] of the eigenvalues `lambda` of the k x k matrix, not normalised; norms and residuals |Tz - lambda z| / |z|.
/// above, below: k vectors each for the two factorisations.
inline void twisted_vectors(Index k, double const* d, double const* e, Vec lambda, Vec* above, Vec* below, Vec* z,
                            Vec& norms, Vec& residuals) {
  // above[i] = e[i] / pivot i from the top, below[i] = e[i - 1] / pivot i from the bottom.
  Vec top = splat(d[0]) - lambda, bottom = splat(d[k - 1]) - lambda;
  for (Index i = 0, j = k - 1; i + 1 < k; ++i, --j) {
    above[i] = over_pivot(e[i], top);
    below[j] = over_pivot(e[j - 1], bottom);
    top = (splat(d[i + 1]) - lambda) - splat(e[i]) * above[i];
    bottom = (splat(d[j - 1]) - lambda) - splat(e[j - 1]) * below[j];
  }
  Vec smallest = splat(__builtin_inf());
  Mask twist{};
  for (Index i = 0; i < k; ++i) {
    Vec pivot = splat(d[i]) - lambda;
    if (i > 0) pivot -= splat(e[i - 1]) * above[i - 1];
    if (i + 1 < k) pivot -= splat(e[i]) * below[i + 1];
    Mask const better = magnitude(pivot) < smallest;
    smallest = better ? magnitude(pivot) : smallest;
    twist = better ? Mask{} + i : twist;
  }
  Vec const one = splat(1.0);
  Vec last{};
  for (Index i = k - 1; i >= 0; --i) {
    Vec const next = i + 1 < k ? -above[i] * last : Vec{};
    last = twist == i ? one : next;
    z[i] = last;
  }
  Vec squares = last * last;
  for (Index i = 1; i < k; ++i) {
    last = twist < i ? -below[i] * last : z[i];
    z[i] = last;
    squares += last * last;
  }
  norms = square_root(squares);
  residuals = smallest / norms;
}

void tridiagonal_vectors(Index k, double const* d, double const* e, double const* values, double* work,
                         double* vectors_out, Index ld, double* residuals) {
  Vec* const above = vectors(work);
  Vec* const below = above + k;
  Vec* const z = below + k;
  for (Index begin = 0; begin < k; begin += lanes) {
    Index const count = k - begin < lanes ? k - begin : lanes;
    Vec lambda;
    for (Index lane = 0; lane < lanes; ++lane) lambda[lane] = values[begin + (lane < count ? lane : count - 1)];
    Vec norms, distances;
    twisted_vectors(k, d, e, lambda, above, below, z, norms, distances);
    for (Index lane = 0; lane < count; ++lane) {
      double const factor = 1 / norms[lane];
      double const* const from = work + 2 * k * lanes + lane;
      double* const to = vectors_out + (begin + lane) * ld;
      for (Index i = 0; i < k; ++i) to[i] = from[i * lanes] * factor;
      residuals[begin + lane] = distances[lane];
    }
  }
}

}  // namespace
}  // namespace confer
