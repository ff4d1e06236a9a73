/// Two representations whose every similarity has a closed form: E diag(s) and (E diag(c) + Z diag(sqrt(1 - c^2)))
/// diag(t), with E and Z orthonormal cosine waves of mean zero. No random numbers, so nothing to tune.
#pragma once

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <utility>
#include <vector>

#include "confer/linalg/matrix.hpp"

namespace confer::test {

struct PairedDesign {
  std::vector<double> s, t;  ///< singular values of x and y
  std::vector<double> c;     ///< canonical correlations, in the order of the columns
  Matrix<double> x, y;       ///< n x p
};

/// Column k >= 1 of the orthonormal DCT-II basis of length n.
inline std::vector<double> cosine_wave(Index n, Index k) {
  std::vector<double> wave(static_cast<std::size_t>(n));
  for (Index i = 0; i < n; ++i)
    wave[static_cast<std::size_t>(i)] =
        std::sqrt(2.0 / static_cast<double>(n)) *
        std::cos(std::numbers::pi * static_cast<double>(k) * (static_cast<double>(i) + 0.5) / static_cast<double>(n));
  return wave;
}

inline PairedDesign paired_design(Index n, std::vector<double> s, std::vector<double> t, std::vector<double> c) {
  Index const p = static_cast<Index>(s.size());
  if (n < 2 * p + 1 || t.size() != s.size() || c.size() != s.size()) throw std::invalid_argument("paired_design");
  PairedDesign design{std::move(s), std::move(t), std::move(c), Matrix<double>(n, p), Matrix<double>(n, p)};
  for (Index j = 0; j < p; ++j) {
    auto const e = cosine_wave(n, 1 + j), z = cosine_wave(n, 1 + p + j);
    auto const k = static_cast<std::size_t>(j);
    double const sine = std::sqrt(1 - design.c[k] * design.c[k]);
    for (Index i = 0; i < n; ++i) {
      auto const row = static_cast<std::size_t>(i);
      design.x(i, j) = design.s[k] * e[row];
      design.y(i, j) = design.t[k] * (design.c[k] * e[row] + sine * z[row]);
    }
  }
  return design;
}

/// The design of the specification's table: s = (10, 5, 3, 2, 1, .5), t = (1..6), c = (.95, .9, .7, .5, .3, .1).
inline PairedDesign table_design(Index n = 400) {
  return paired_design(n, {10, 5, 3, 2, 1, 0.5}, {1, 2, 3, 4, 5, 6}, {0.95, 0.9, 0.7, 0.5, 0.3, 0.1});
}

}  // namespace confer::test
