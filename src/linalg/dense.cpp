#include "confer/linalg/dense.hpp"

#include <cblas.h>
#include <lapacke.h>

#include <stdexcept>
#include <string>

namespace confer {

namespace {

CBLAS_TRANSPOSE cblas(Op op) { return op == Op::none ? CblasNoTrans : CblasTrans; }

void check(lapack_int info, char const* routine) {
  if (info != 0) throw std::runtime_error(std::string("LAPACK ") + routine + " failed with info " + std::to_string(info));
}

template <class T, class Gemm>
void gemm_any(Gemm routine, T alpha, MatrixView<T const> a, Op op_a, MatrixView<T const> b, Op op_b, T beta,
              MatrixView<T> c) {
  Index const inner = op_a == Op::none ? a.cols : a.rows;
  if (c.rows == 0 || c.cols == 0) return;
  routine(CblasColMajor, cblas(op_a), cblas(op_b), narrow(c.rows), narrow(c.cols), narrow(inner), alpha, a.data,
          narrow(std::max<Index>(a.ld, 1)), b.data, narrow(std::max<Index>(b.ld, 1)), beta, c.data, narrow(c.ld));
}

template <class T, class Syrk>
void syrk_any(Syrk routine, T alpha, MatrixView<T const> a, Op op, T beta, MatrixView<T> c) {
  Index const inner = op == Op::none ? a.cols : a.rows;
  if (c.rows == 0) return;
  routine(CblasColMajor, CblasLower, cblas(op), narrow(c.rows), narrow(inner), alpha, a.data,
          narrow(std::max<Index>(a.ld, 1)), beta, c.data, narrow(c.ld));
}

}  // namespace

void gemm(double alpha, MatrixView<double const> a, Op op_a, MatrixView<double const> b, Op op_b, double beta,
          MatrixView<double> c) {
  gemm_any<double>(cblas_dgemm, alpha, a, op_a, b, op_b, beta, c);
}

void gemm(float alpha, MatrixView<float const> a, Op op_a, MatrixView<float const> b, Op op_b, float beta,
          MatrixView<float> c) {
  gemm_any<float>(cblas_sgemm, alpha, a, op_a, b, op_b, beta, c);
}

void syrk_lower(double alpha, MatrixView<double const> a, Op op, double beta, MatrixView<double> c) {
  syrk_any<double>(cblas_dsyrk, alpha, a, op, beta, c);
}

void syrk_lower(float alpha, MatrixView<float const> a, Op op, float beta, MatrixView<float> c) {
  syrk_any<float>(cblas_ssyrk, alpha, a, op, beta, c);
}

void mirror_lower(MatrixView<double> a) {
  for (Index j = 0; j < a.cols; ++j)
    for (Index i = j + 1; i < a.rows; ++i) a(j, i) = a(i, j);
}

namespace {

template <class T, class Routine>
EigenOf<T> eigh_any(Routine routine, char const* name, MatrixView<T const> a) {
  Index const n = a.rows;
  EigenOf<T> result{std::vector<T>(static_cast<std::size_t>(n)), Matrix<T>(n, n)};
  if (n == 0) return result;
  auto& v = result.vectors;
  for (Index j = 0; j < n; ++j) std::copy(a.column(j) + j, a.column(j) + n, v.view().column(j) + j);
  // Not asked of LAPACK: a float does not hold the size of a large workspace.
  std::vector<T> work(static_cast<std::size_t>(1 + 66 * n + 2 * n * n));
  std::vector<lapack_int> iwork(static_cast<std::size_t>(3 + 5 * n));
  check(routine(LAPACK_COL_MAJOR, 'V', 'L', narrow(n), v.data(), narrow(n), result.values.data(), work.data(),
                narrow(static_cast<Index>(work.size())), iwork.data(), narrow(static_cast<Index>(iwork.size()))),
        name);
  std::reverse(result.values.begin(), result.values.end());
  for (Index j = 0; j < n / 2; ++j)
    std::swap_ranges(v.view().column(j), v.view().column(j) + n, v.view().column(n - 1 - j));
  return result;
}

}  // namespace

Eigen eigh(MatrixView<double const> a) { return eigh_any(LAPACKE_dsyevd_work, "dsyevd", a); }
EigenOf<float> eigh(MatrixView<float const> a) { return eigh_any(LAPACKE_ssyevd_work, "ssyevd", a); }

std::vector<double> eigvalsh(MatrixView<double> a) {
  Index const n = a.rows;
  std::vector<double> values(static_cast<std::size_t>(n));
  if (n == 0) return values;
  double size = 0;
  lapack_int isize = 0;
  check(LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'N', 'L', narrow(n), a.data, narrow(a.ld), values.data(), &size, -1,
                            &isize, -1),
        "dsyevd");
  std::vector<double> work(static_cast<std::size_t>(size));
  std::vector<lapack_int> iwork(static_cast<std::size_t>(isize));
  check(LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'N', 'L', narrow(n), a.data, narrow(a.ld), values.data(), work.data(),
                            narrow(static_cast<Index>(work.size())), iwork.data(), isize),
        "dsyevd");
  std::reverse(values.begin(), values.end());
  return values;
}

namespace {

Svd gesdd(MatrixView<double const> a, bool vectors) {
  Index const m = a.rows, n = a.cols, k = std::min(m, n);
  Svd result;
  result.s.resize(static_cast<std::size_t>(k));
  if (vectors) {
    result.u = Matrix<double>(m, k);
    result.vt = Matrix<double>(k, n);
  }
  if (k == 0) return result;
  Matrix<double> copy(m, n);
  for (Index j = 0; j < n; ++j) std::copy_n(a.column(j), m, copy.view().column(j));
  char const job = vectors ? 'S' : 'N';
  std::vector<lapack_int> iwork(static_cast<std::size_t>(8 * k));
  double size = 0;
  auto const call = [&](double* work, lapack_int length) {
    check(LAPACKE_dgesdd_work(LAPACK_COL_MAJOR, job, narrow(m), narrow(n), copy.data(), narrow(m), result.s.data(),
                              result.u.data(), narrow(m), result.vt.data(), narrow(k), work, length, iwork.data()),
          "dgesdd");
  };
  call(&size, -1);
  std::vector<double> work(static_cast<std::size_t>(size));
  call(work.data(), narrow(static_cast<Index>(work.size())));
  return result;
}

}  // namespace

Svd svd(MatrixView<double const> a) { return gesdd(a, true); }

std::vector<double> singular_values(MatrixView<double const> a) { return gesdd(a, false).s; }

bool cholesky_lower(MatrixView<double> a) {
  if (a.rows == 0) return true;
  lapack_int const info = LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'L', narrow(a.rows), a.data, narrow(a.ld));
  if (info < 0) check(info, "dpotrf");
  return info == 0;
}

void right_solve_lower_transposed(MatrixView<double const> l, MatrixView<double> b) {
  if (b.rows == 0 || b.cols == 0) return;
  cblas_dtrsm(CblasColMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, narrow(b.rows), narrow(b.cols), 1.0,
              l.data, narrow(l.ld), b.data, narrow(b.ld));
}

double dot(std::span<double const> a, std::span<double const> b) {
  return cblas_ddot(narrow(static_cast<Index>(a.size())), a.data(), 1, b.data(), 1);
}

double squared_norm(MatrixView<double const> a) {
  double sum = 0;
  for (Index j = 0; j < a.cols; ++j)
    for (Index i = 0; i < a.rows; ++i) sum += a(i, j) * a(i, j);
  return sum;
}

}  // namespace confer
