#include "linalg/coordinate_descent.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "confer/linalg/dense.hpp"

namespace confer {

namespace {

/// One pass over all coordinates. True if some weight became zero, left zero or changed its sign.
inline __attribute__((always_inline)) bool sweep(Index m, double const* gram, Index ld, double lambda, double* weights,
                                                 double* gradient) {
  bool moved = false;
  for (Index j = 0; j < m; ++j) {
    double const* const column = gram + j * ld;
    double const square = column[j], old = weights[j];
    double const pull = gradient[j] + square * old;
    double const size = __builtin_fabs(pull) - lambda;
    if (size <= 0 && old == 0) continue;
    double const now = size > 0 ? __builtin_copysign(size, pull) / square : 0.0;
    double const step = now - old;
    if (step == 0) continue;
    moved |= (now > 0) != (old > 0) || (now < 0) != (old < 0);
    weights[j] = now;
    for (Index i = 0; i < m; ++i) gradient[i] -= column[i] * step;
  }
  return moved;
}

/// y -= sum of factors[c] * columns[c].
inline __attribute__((always_inline)) void subtract(double* y, Index n, double const* const* columns,
                                                    double const* factors, Index count) {
  Index c = 0;
  for (; c + 4 <= count; c += 4) {
    double const *const c0 = columns[c], *const c1 = columns[c + 1], *const c2 = columns[c + 2],
                        *const c3 = columns[c + 3];
    double const f0 = factors[c], f1 = factors[c + 1], f2 = factors[c + 2], f3 = factors[c + 3];
    for (Index i = 0; i < n; ++i) y[i] -= (c0[i] * f0 + c1[i] * f1) + (c2[i] * f2 + c3[i] * f3);
  }
  for (; c < count; ++c)
    for (Index i = 0; i < n; ++i) y[i] -= columns[c][i] * factors[c];
}

bool sweep_plain(Index m, double const* gram, Index ld, double lambda, double* weights, double* gradient) {
  return sweep(m, gram, ld, lambda, weights, gradient);
}

void subtract_plain(double* y, Index n, double const* const* columns, double const* factors, Index count) {
  subtract(y, n, columns, factors, count);
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) void subtract_avx2(double* y, Index n, double const* const* columns,
                                                       double const* factors, Index count) {
  subtract(y, n, columns, factors, count);
}
__attribute__((target("avx2,fma"))) bool sweep_avx2(Index m, double const* gram, Index ld, double lambda,
                                                    double* weights, double* gradient) {
  return sweep(m, gram, ld, lambda, weights, gradient);
}
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
#endif

double worst_violation(RestrictedLasso const& problem) {
  double worst = 0;
  for (std::size_t j = 0; j < problem.weights.size(); ++j)
    worst = std::max(worst, kkt_violation(problem.weights[j], problem.gradient[j], problem.lambda));
  return worst;
}

/// Solves for the weights in use as if their signs were known, and goes there, or as far as the first sign change.
/// True if it got there.
bool newton_step(RestrictedLasso& problem) {
  std::vector<Index> used;
  for (std::size_t j = 0; j < problem.weights.size(); ++j)
    if (problem.weights[j] != 0) used.push_back(static_cast<Index>(j));
  auto const m = static_cast<Index>(used.size());
  Matrix<double> factor(m, m), step(1, m);
  double largest = 0;
  for (Index j : used) largest = std::max(largest, problem.gram(j, j));
  for (Index b = 0; b < m; ++b) {
    Index const j = used[static_cast<std::size_t>(b)];
    for (Index a = b; a < m; ++a) factor(a, b) = problem.gram(used[static_cast<std::size_t>(a)], j);
    // Makes the step a proximal one: predictors that repeat each other still have a solution, and it still descends.
    factor(b, b) += 1e-11 * largest;
    step(0, b) = problem.gradient[static_cast<std::size_t>(j)] -
                 std::copysign(problem.lambda, problem.weights[static_cast<std::size_t>(j)]);
  }
  if (!cholesky_lower(factor)) return false;
  // step (L L')^-1 from the right: first L^-T, then L^-1.
  right_solve_lower_transposed(factor.const_view(), step.view());
  for (Index b = m; b-- > 0;) {
    double sum = step(0, b);
    for (Index a = b + 1; a < m; ++a) sum -= factor(a, b) * step(0, a);
    step(0, b) = sum / factor(b, b);
  }
  double length = 1;
  Index stopped_by = -1;
  for (Index b = 0; b < m; ++b) {
    double const weight = problem.weights[static_cast<std::size_t>(used[static_cast<std::size_t>(b)])];
    if ((weight + step(0, b)) * weight > 0) continue;
    double const reach = -weight / step(0, b);
    if (reach < length || stopped_by < 0) {
      length = std::min(length, reach);
      stopped_by = b;
    }
  }
  std::vector<double const*> columns;
  for (Index b = 0; b < m; ++b) {
    Index const j = used[static_cast<std::size_t>(b)];
    double& weight = problem.weights[static_cast<std::size_t>(j)];
    step(0, b) = b == stopped_by ? -weight : length * step(0, b);
    weight += step(0, b);
    columns.push_back(problem.gram.view().column(j));
  }
  subtract_columns(problem.gradient, columns, std::span(step.data(), columns.size()));
  return stopped_by < 0;
}

}  // namespace

void RestrictedLasso::clear() {
  chosen.clear();
  weights.clear();
  gradient.clear();
}

void RestrictedLasso::add(Index predictor, MatrixView<double const> full_gram) {
  Index const m = size();
  chosen.push_back(predictor);
  weights.push_back(0);
  gradient.push_back(0);
  double const* const column = full_gram.column(predictor);
  for (Index a = 0; a <= m; ++a) gram(a, m) = gram(m, a) = column[chosen[static_cast<std::size_t>(a)]];
}

void subtract_columns(std::span<double> y, std::span<double const* const> columns, std::span<double const> factors) {
  auto run = subtract_plain;
#if defined(__x86_64__)
  if (has_avx2()) run = subtract_avx2;
#endif
  run(y.data(), static_cast<Index>(y.size()), columns.data(), factors.data(), static_cast<Index>(columns.size()));
}

double kkt_violation(double weight, double gradient, double lambda) {
  if (weight == 0) return std::max(std::abs(gradient) - lambda, 0.0);
  return std::abs(gradient - std::copysign(lambda, weight));
}

Index solve_restricted(RestrictedLasso& problem, double tolerance, Index most_sweeps) {
  Index const m = problem.size();
  auto one_sweep = sweep_plain;
#if defined(__x86_64__)
  if (has_avx2()) one_sweep = sweep_avx2;
#endif
  Index patience = 4;
  double last_newton = std::numeric_limits<double>::infinity();
  for (Index sweeps = 1;; ++sweeps) {
    bool const moved = one_sweep(m, problem.gram.data(), problem.gram.rows(), problem.lambda, problem.weights.data(),
                                 problem.gradient.data());
    if (worst_violation(problem) <= tolerance || sweeps >= most_sweeps) return sweeps;
    if (moved && sweeps % 64 != 0) continue;
    if (--patience > 0) continue;
    if (newton_step(problem)) {
      patience = 2;
      double const violation = worst_violation(problem);
      // Where a full step no longer helps, rounding is all that is left.
      if (violation <= tolerance || violation > 0.5 * last_newton) return sweeps;
      last_newton = violation;
    } else {
      patience = 4;
    }
  }
}

}  // namespace confer
