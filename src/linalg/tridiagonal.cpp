#include "linalg/tridiagonal.hpp"

#include <cblas.h>
#include <lapacke.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "confer/linalg/dense.hpp"
#include "confer/linalg/round_to_single.hpp"

namespace confer {

Matrix<double> tridiagonal_eigenvectors(std::span<double> d, std::span<double> e) {
  auto const n = std::ssize(d);
  Matrix<double> vectors(n, n, Uninitialised());
  auto const call = [&](double* work, Index length, lapack_int* iwork, lapack_int ilength) {
    lapack_int const info = LAPACKE_dstedc_work(LAPACK_COL_MAJOR, 'I', narrow(n), d.data(), e.data(), vectors.data(),
                                                narrow(n), work, narrow(length), iwork, ilength);
    if (info != 0) throw std::runtime_error("LAPACK dstedc failed with info " + std::to_string(info));
  };
  double size = 0;
  lapack_int whole = 0;
  call(&size, -1, &whole, -1);
  Matrix<double> work(static_cast<Index>(size), 1, Uninitialised());
  std::vector<lapack_int> iwork(static_cast<std::size_t>(whole));
  call(work.data(), work.size(), iwork.data(), whole);
  return vectors;
}

namespace {

/// Z <- Z - left (right' Z).
template <class T>
void subtract_products(MatrixView<T const> left, MatrixView<T const> right, MatrixView<T> products, MatrixView<T> z) {
  if (z.cols == 0) return;
  gemm(T{1}, right, Op::transpose, z, Op::none, T{0}, products);
  gemm(T{-1}, left, Op::none, products, Op::none, T{1}, z);
}

}  // namespace

/// Reflectors in groups that make two matrix products, wider ones than dormtr's.
void apply_reflectors(MatrixView<double const> a, std::span<double const> tau, MatrixView<double> z,
                      MatrixView<float> z_single) {
  constexpr Index width = 48;
  Index const count = a.rows - 1;
  if (count < 1) return;
  Matrix<double> v(count, width, Uninitialised()), scaled(count, width, Uninitialised());
  Matrix<double> inner(width, width), t(width, width), products(width, z.cols, Uninitialised());
  Index const rows_single = z_single.cols == 0 ? 0 : count;
  Matrix<float> v_single(rows_single, width, Uninitialised()), scaled_single(rows_single, width, Uninitialised());
  Matrix<float> products_single(width, z_single.cols, Uninitialised());
  for (Index begin = (count - 1) / width * width; begin >= 0; begin -= width) {
    Index const w = std::min(width, count - begin), m = count - begin;
    auto const reflectors = v.view().block(0, 0, m, w), left = scaled.view().block(0, 0, m, w);
    auto const triangle = t.view().block(0, 0, w, w);
    double scale[width];
    for (Index j = 0; j < w; ++j) {
      // v begins with one: its other elements are smaller, tau is between one and two.
      double const* const from = a.column(begin + j) + begin + j + 1;
      double const factor = tau[static_cast<std::size_t>(begin + j)], unit = factor == 0 ? 0 : 1 / from[0];
      scale[j] = factor * from[0] * from[0];
      std::fill_n(reflectors.column(j), j, 0.0);
      std::transform(from, from + m - j, reflectors.column(j) + j, [unit](double value) { return value * unit; });
      std::copy_n(reflectors.column(j), m, left.column(j));
    }
    syrk_lower(1.0, reflectors, Op::transpose, 0.0, inner.view().block(0, 0, w, w));
    for (Index j = 0; j < w; ++j) {  // H_1 ... H_w = I - V T V'
      for (Index i = 0; i < j; ++i) triangle(i, j) = -scale[j] * inner(j, i);
      cblas_dtrmv(CblasColMajor, CblasUpper, CblasNoTrans, CblasNonUnit, narrow(j), triangle.data, narrow(triangle.ld),
                  triangle.column(j), 1);
      triangle(j, j) = scale[j];
    }
    cblas_dtrmm(CblasColMajor, CblasRight, CblasUpper, CblasNoTrans, CblasNonUnit, narrow(m), narrow(w), 1.0,
                triangle.data, narrow(triangle.ld), left.data, narrow(left.ld));
    subtract_products<double>(left, reflectors, products.view().block(0, 0, w, z.cols),
                              z.block(begin + 1, 0, m, z.cols));
    if (z_single.cols == 0) continue;
    auto const reflectors_single = v_single.view().block(0, 0, m, w),
               left_single = scaled_single.view().block(0, 0, m, w);
    round_to_single(reflectors, reflectors_single);
    round_to_single(left, left_single);
    subtract_products<float>(left_single, reflectors_single, products_single.view().block(0, 0, w, z_single.cols),
                             z_single.block(begin + 1, 0, m, z_single.cols));
  }
}

}  // namespace confer
