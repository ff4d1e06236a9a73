/// One step of a fourth-order Rosenbrock method for small autonomous stiff systems.
///
/// Boost.Odeint has one, over uBLAS vectors that do not compile as C++20 (Boost 1.74) and allocate at every step.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <utility>

namespace confer {

template <std::size_t N>
using SmallVector = std::array<double, N>;
template <std::size_t N>
using SmallMatrix = std::array<SmallVector<N>, N>;

/// Factors a small matrix in place with row pivoting; `order` receives the rows.
template <std::size_t N>
void factor_small(SmallMatrix<N>& a, std::array<std::size_t, N>& order) {
  for (std::size_t i = 0; i < N; ++i) order[i] = i;
  for (std::size_t k = 0; k < N; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k + 1; i < N; ++i)
      if (std::abs(a[i][k]) > std::abs(a[pivot][k])) pivot = i;
    std::swap(a[k], a[pivot]);
    std::swap(order[k], order[pivot]);
    for (std::size_t i = k + 1; i < N; ++i) {
      a[i][k] /= a[k][k];
      for (std::size_t j = k + 1; j < N; ++j) a[i][j] -= a[i][k] * a[k][j];
    }
  }
}

/// Solves with the factors of factor_small.
template <std::size_t N>
SmallVector<N> solve_small(SmallMatrix<N> const& a, std::array<std::size_t, N> const& order, SmallVector<N> const& b) {
  SmallVector<N> x{};
  for (std::size_t i = 0; i < N; ++i) {
    x[i] = b[order[i]];
    for (std::size_t j = 0; j < i; ++j) x[i] -= a[i][j] * x[j];
  }
  for (std::size_t i = N; i-- > 0;) {
    for (std::size_t j = i + 1; j < N; ++j) x[i] -= a[i][j] * x[j];
    x[i] /= a[i][i];
  }
  return x;
}

/// A step of length dt from x with slope f(x) and Jacobian: the new state, and the error estimate in `error`.
/// Kaps-Rentrop scheme with Shampine's coefficients (ACM TOMS 8, 93, 1982).
template <std::size_t N, class Rates>
SmallVector<N> rosenbrock_step(Rates const& rates, SmallVector<N> const& x, SmallVector<N> const& slope,
                               SmallMatrix<N> const& jacobian, double dt, SmallVector<N>& error) {
  SmallMatrix<N> system = jacobian;
  for (std::size_t i = 0; i < N; ++i)
    for (std::size_t j = 0; j < N; ++j) system[i][j] = (i == j ? 2.0 / dt : 0.0) - jacobian[i][j];
  std::array<std::size_t, N> order{};
  factor_small(system, order);
  auto const stage = [&](SmallVector<N> const& f, auto const& earlier) {
    SmallVector<N> b{};
    for (std::size_t i = 0; i < N; ++i) b[i] = f[i] + earlier(i) / dt;
    return solve_small(system, order, b);
  };
  SmallVector<N> at{}, f{};
  auto const g1 = stage(slope, [](std::size_t) { return 0.0; });
  for (std::size_t i = 0; i < N; ++i) at[i] = x[i] + 2.0 * g1[i];
  rates(at, f);
  auto const g2 = stage(f, [&](std::size_t i) { return -8.0 * g1[i]; });
  for (std::size_t i = 0; i < N; ++i) at[i] = x[i] + (48.0 * g1[i] + 6.0 * g2[i]) / 25.0;
  rates(at, f);
  auto const g3 = stage(f, [&](std::size_t i) { return 372.0 / 25.0 * g1[i] + 12.0 / 5.0 * g2[i]; });
  auto const g4 =
      stage(f, [&](std::size_t i) { return -112.0 / 125.0 * g1[i] - 54.0 / 125.0 * g2[i] - 2.0 / 5.0 * g3[i]; });
  SmallVector<N> next{};
  for (std::size_t i = 0; i < N; ++i) {
    next[i] = x[i] + 19.0 / 9.0 * g1[i] + 0.5 * g2[i] + 25.0 / 108.0 * g3[i] + 125.0 / 108.0 * g4[i];
    error[i] = 17.0 / 54.0 * g1[i] + 7.0 / 36.0 * g2[i] + 125.0 / 108.0 * g4[i];
  }
  return next;
}

}  // namespace confer
