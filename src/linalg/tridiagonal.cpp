#include "linalg/tridiagonal.hpp"

#include <cblas.h>
#include <lapacke.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "confer/linalg/dense.hpp"

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

/// Reflectors in groups that make two matrix products, wider ones than dormtr's.
void apply_reflectors(MatrixView<double const> a, std::span<double const> tau, MatrixView<double> z) {
  constexpr Index width = 48;
  Index const count = a.rows - 1;
  if (count < 1) return;
  Matrix<double> v(count, width, Uninitialised()), scaled(count, width, Uninitialised());
  Matrix<double> inner(width, width), t(width, width), products(width, z.cols, Uninitialised());
  for (Index begin = (count - 1) / width * width; begin >= 0; begin -= width) {
    Index const w = std::min(width, count - begin), m = count - begin;
    auto const reflectors = v.view().block(0, 0, m, w), left = scaled.view().block(0, 0, m, w);
    auto const triangle = t.view().block(0, 0, w, w);
    for (Index j = 0; j < w; ++j) {
      std::fill_n(reflectors.column(j), j, 0.0);
      std::copy_n(a.column(begin + j) + begin + j + 1, m - j, reflectors.column(j) + j);
      std::copy_n(reflectors.column(j), m, left.column(j));
    }
    syrk_lower(1.0, reflectors, Op::transpose, 0.0, inner.view().block(0, 0, w, w));
    for (Index j = 0; j < w; ++j) {  // H_1 ... H_w = I - V T V'
      double const scale = tau[static_cast<std::size_t>(begin + j)];
      for (Index i = 0; i < j; ++i) triangle(i, j) = -scale * inner(j, i);
      cblas_dtrmv(CblasColMajor, CblasUpper, CblasNoTrans, CblasNonUnit, narrow(j), triangle.data, narrow(triangle.ld),
                  triangle.column(j), 1);
      triangle(j, j) = scale;
    }
    cblas_dtrmm(CblasColMajor, CblasRight, CblasUpper, CblasNoTrans, CblasNonUnit, narrow(m), narrow(w), 1.0,
                triangle.data, narrow(triangle.ld), left.data, narrow(left.ld));
    auto const rows = z.block(begin + 1, 0, m, z.cols);
    auto const projected = products.view().block(0, 0, w, z.cols);
    gemm(1.0, reflectors, Op::transpose, rows, Op::none, 0.0, projected);
    gemm(-1.0, left, Op::none, projected, Op::none, 1.0, rows);
  }
}

}  // namespace confer
