/// From a symmetric tridiagonal matrix back to the eigenvectors of the matrix that was reduced to it.
#pragma once

#include <span>

#include "confer/linalg/matrix.hpp"

namespace confer {

/// Eigenvectors of the n x n tridiagonal matrix of diagonal `d`, which becomes the eigenvalues, ascending, and
/// subdiagonal `e`, n - 1 numbers, destroyed. Throws std::runtime_error if LAPACK fails.
Matrix<double> tridiagonal_eigenvectors(std::span<double> d, std::span<double> e);

/// Z <- Q Z for Q = H_0 H_1 ..., H_j = I - tau[j] v v', v in the rows from j + 1 on of column j of the n x n `a`; and
/// the same for `z_single`, in single precision.
void apply_reflectors(MatrixView<double const> a, std::span<double const> tau, MatrixView<double> z,
                      MatrixView<float> z_single = {});

}  // namespace confer
