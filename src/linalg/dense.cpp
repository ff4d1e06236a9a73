#include "confer/linalg/dense.hpp"

#include <cblas.h>
#include <lapacke.h>

#include <cmath>
#include <stdexcept>
#include <string>

#include "linalg/tridiagonal.hpp"

namespace confer {

namespace {

CBLAS_TRANSPOSE cblas(Op op) { return op == Op::none ? CblasNoTrans : CblasTrans; }

void check(lapack_int info, char const* routine) {
  if (info != 0)
    throw std::runtime_error(std::string("LAPACK ") + routine + " failed with info " + std::to_string(info));
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

/// Brings a matrix whose eigenvalues could overflow, or vanish, to the size of one; returns what they are to be
/// multiplied with.
double normalise_lower(MatrixView<double> a) {
  double largest = 0;
  for (Index j = 0; j < a.cols; ++j)
    for (Index i = j; i < a.rows; ++i) largest = std::max(largest, std::abs(a(i, j)));
  if (largest == 0 || (largest > 1e-140 && largest < 1e140)) return 1;
  int power = 0;
  std::frexp(largest, &power);
  for (Index j = 0; j < a.cols; ++j)
    for (Index i = j; i < a.rows; ++i) a(i, j) = std::ldexp(a(i, j), -power);
  return std::ldexp(1.0, power);
}

}  // namespace

Eigen eigh(MatrixView<double const> a) {
  Index const n = a.rows;
  Eigen result;
  if (n == 0) return result;
  // Of the matrix with its sign changed: LAPACK's ascending order is then the descending one of A.
  Matrix<double> reduced(n, n, Uninitialised());
  for (Index j = 0; j < n; ++j)
    for (Index i = j; i < n; ++i) reduced(i, j) = -a(i, j);
  double const scale = normalise_lower(reduced);
  auto const size = static_cast<std::size_t>(n);
  std::vector<double> off(size), tau(size);
  double query = 0;
  result.values.resize(size);
  auto const reduce = [&](double* work, lapack_int length) {
    check(LAPACKE_dsytrd_work(LAPACK_COL_MAJOR, 'L', narrow(n), reduced.data(), narrow(n), result.values.data(),
                              off.data(), tau.data(), work, length),
          "dsytrd");
  };
  reduce(&query, -1);
  Matrix<double> work(static_cast<Index>(query), 1, Uninitialised());
  reduce(work.data(), narrow(work.size()));
  for (Index j = 0; j + 1 < n; ++j) reduced(j + 1, j) = 1;
  result.vectors = tridiagonal_eigenvectors(result.values, off);
  apply_reflectors(reduced, tau, result.vectors.view());
  for (double& value : result.values) value *= -scale;
  return result;
}

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
