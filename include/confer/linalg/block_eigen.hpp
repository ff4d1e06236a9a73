/// Eigenvectors of the Gram matrices of many blocks at once.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "confer/linalg/matrix.hpp"

namespace confer {

/// Eigenvalues in descending order and, column by column, their eigenvectors: the first ones in single precision.
struct GramEigen {
  std::vector<double> values;
  Matrix<float> first;
  Matrix<double> others;
};

/// Eigen-decompositions of the Gram matrix of the smaller side of every block M: M M' when it has no more rows than
/// columns, else M'M. Vectors of eigenvalues above `single_above` are rounded to single precision. Calls
/// use(m, decomposition) for every block m, in some order.
///
/// Eigenvalues are right to a few eps of the largest. A vector is right to about eps / gap times the largest, as any
/// algorithm makes it; vectors are orthogonal to 1e-6 where eigenvalues lie close together, else to rounding. Every
/// result depends on its own block only. Throws std::runtime_error if LAPACK fails.
void gram_eigenvectors(std::span<MatrixView<double const> const> blocks, double single_above,
                       std::function<void(std::size_t block, GramEigen const& eigen)> const& use);

/// Bytes that it takes at most for blocks whose smaller sides are up to `k`, beside a decomposition.
double gram_eigenvectors_bytes(Index k);

}  // namespace confer
