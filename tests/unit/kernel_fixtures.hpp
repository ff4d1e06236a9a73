/// Kernel measures from whole n x n kernels: what the engine sums tile by tile, in its simplest form.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "confer/similarity/measure.hpp"
#include "unit/dense_fixtures.hpp"

namespace confer::test {

inline Matrix<double> squared_distances(Matrix<double> const& x) {
  Matrix<double> d(x.rows(), x.rows());
  for (Index j = 0; j < x.rows(); ++j)
    for (Index i = 0; i < x.rows(); ++i)
      for (Index k = 0; k < x.cols(); ++k) d(i, j) += (x(i, k) - x(j, k)) * (x(i, k) - x(j, k));
  return d;
}

/// Elements i < j.
inline std::vector<double> above_diagonal(Matrix<double> const& kernel) {
  std::vector<double> values;
  for (Index j = 0; j < kernel.cols(); ++j)
    for (Index i = 0; i < j; ++i) values.push_back(kernel(i, j));
  return values;
}

/// (rank - (N + 1)/2) / N of each value, ties sharing their mean rank, quadratic in N.
inline std::vector<double> centred_ranks(std::vector<double> const& values) {
  auto const count = static_cast<double>(values.size());
  std::vector<double> sorted = values, ranks;
  std::sort(sorted.begin(), sorted.end());
  for (double const value : values) {
    auto const [first, last] = std::equal_range(sorted.begin(), sorted.end(), value);
    double const rank = static_cast<double>((first - sorted.begin()) + (last - sorted.begin()) + 1) / 2;
    ranks.push_back((rank - (count + 1) / 2) / count);
  }
  return ranks;
}

inline Matrix<double> kernel_of(Kernel kind, Matrix<double> const& data) {
  Matrix<double> const x = centred(data);
  Matrix<double> k = squared_distances(x);
  std::vector<double> distances = above_diagonal(k);
  for (double& d : distances) d = std::sqrt(d);
  std::vector<double> ranks = kind == Kernel::rank ? centred_ranks(distances) : std::vector<double>();
  auto const middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
  std::nth_element(distances.begin(), middle, distances.end());
  for (Index j = 0, at = 0; j < k.cols(); ++j)
    for (Index i = 0; i < k.rows(); ++i) {
      double inner = 0;
      switch (kind) {
        case Kernel::linear:
        case Kernel::minibatch:
          for (Index f = 0; f < x.cols(); ++f) inner += x(i, f) * x(j, f);
          k(i, j) = inner;
          break;
        case Kernel::gaussian:
          k(i, j) = std::exp(-k(i, j) / (2 * *middle * *middle));
          break;
        case Kernel::distance:
        case Kernel::dissimilarity:
          k(i, j) = std::sqrt(k(i, j));
          break;
        case Kernel::rank:
          k(i, j) = 0;
          if (i < j) k(i, j) = ranks[static_cast<std::size_t>(at++)];
          break;
      }
    }
  if (kind == Kernel::rank)
    for (Index j = 0; j < k.cols(); ++j)
      for (Index i = j + 1; i < k.rows(); ++i) k(i, j) = k(j, i);
  return k;
}

inline KernelMoments kernel_moments(Matrix<double> const& k, Matrix<double> const& l) {
  KernelMoments m;
  for (Index j = 0; j < k.cols(); ++j) {
    double row_k = 0, row_l = 0;
    for (Index i = 0; i < k.rows(); ++i) {
      m.full += k(i, j) * l(i, j);
      if (i == j) continue;
      m.off += k(i, j) * l(i, j);
      row_k += k(i, j);
      row_l += l(i, j);
    }
    m.rows += row_k * row_l;
    m.full_rows += (row_k + k(j, j)) * (row_l + l(j, j));
  }
  return m;
}

inline KernelStats kernel_stats(Matrix<double> const& k, Matrix<double> const& l) {
  KernelStats s;
  s.rows = k.rows();
  s.xy = kernel_moments(k, l);
  s.xx = kernel_moments(k, k);
  s.yy = kernel_moments(l, l);
  for (Index j = 0; j < k.cols(); ++j)
    for (Index i = 0; i < k.rows(); ++i) {
      s.full_total_x += k(i, j);
      s.full_total_y += l(i, j);
      s.total_x += i == j ? 0 : k(i, j);
      s.total_y += i == j ? 0 : l(i, j);
    }
  return s;
}

/// U-centred kernels of one batch, as the engine hands them to cka_minibatch.
inline KernelStats batch_stats(Matrix<double> const& k, Matrix<double> const& l) {
  KernelStats s = kernel_stats(k, l);
  CentredProducts const products = u_centred(s);
  s.xy.off = products.xy;
  s.xx.off = products.xx;
  s.yy.off = products.yy;
  return s;
}

inline KernelStats kernel_stats(Kernel kind, Matrix<double> const& x, Matrix<double> const& y) {
  Matrix<double> const k = kernel_of(kind, x), l = kernel_of(kind, y);
  return kind == Kernel::minibatch ? batch_stats(k, l) : kernel_stats(k, l);
}

}  // namespace confer::test
