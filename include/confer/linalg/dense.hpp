/// Dense linear algebra on views, over CBLAS and LAPACK. All matrices are column-major.
#pragma once

#include <span>
#include <vector>

#include "confer/linalg/matrix.hpp"

namespace confer {

enum class Op { none, transpose };

/// C = alpha op(A) op(B) + beta C.
void gemm(double alpha, MatrixView<double const> a, Op op_a, MatrixView<double const> b, Op op_b, double beta,
          MatrixView<double> c);
void gemm(float alpha, MatrixView<float const> a, Op op_a, MatrixView<float const> b, Op op_b, float beta,
          MatrixView<float> c);

/// Lower triangle of C = alpha A'A + beta C (Op::transpose) or alpha A A' + beta C (Op::none).
void syrk_lower(double alpha, MatrixView<double const> a, Op op, double beta, MatrixView<double> c);
void syrk_lower(float alpha, MatrixView<float const> a, Op op, float beta, MatrixView<float> c);

/// Copies the strict lower triangle onto the upper one.
void mirror_lower(MatrixView<double> a);

/// Eigenvalues in descending order and, column by column, their eigenvectors.
template <class T>
struct EigenOf {
  std::vector<T> values;
  Matrix<T> vectors;
};
using Eigen = EigenOf<double>;

/// Eigen-decomposition of a symmetric matrix given by its lower triangle. Throws std::runtime_error if LAPACK fails.
Eigen eigh(MatrixView<double const> a);
EigenOf<float> eigh(MatrixView<float const> a);

/// Eigenvalues only, descending. The lower triangle of a is read and destroyed.
std::vector<double> eigvalsh(MatrixView<double> a);

/// Thin singular value decomposition A = U diag(s) V', s descending.
struct Svd {
  Matrix<double> u;       ///< rows x k
  std::vector<double> s;  ///< k = min(rows, cols)
  Matrix<double> vt;      ///< k x cols
};
Svd svd(MatrixView<double const> a);

/// Singular values only, descending, to full double precision.
std::vector<double> singular_values(MatrixView<double const> a);

/// In-place lower Cholesky factor; false when the matrix is not positive definite.
bool cholesky_lower(MatrixView<double> a);

/// B <- B L^-T for a lower triangular L: turns the columns of B orthonormal when L L' = B'B.
void right_solve_lower_transposed(MatrixView<double const> l, MatrixView<double> b);

/// Inner product of two vectors of one length.
double dot(std::span<double const> a, std::span<double const> b);

/// Sum of squares of all elements.
double squared_norm(MatrixView<double const> a);

}  // namespace confer
