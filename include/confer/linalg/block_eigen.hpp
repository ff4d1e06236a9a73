/// Eigenvectors of the Gram matrices of many blocks at once.
#pragma once

#include <functional>
#include <span>

#include "confer/linalg/dense.hpp"

namespace confer {

/// Eigen-decompositions of the Gram matrix of the smaller side of every block M: M M' when it has no more rows than
/// columns, else M'M. Calls use(m, decomposition) for every block m, in some order.
///
/// Eigenvalues are right to a few eps of the largest. A vector is right to about eps / gap times the largest eigenvalue,
/// as any algorithm makes it; vectors are orthogonal to 1e-6 where eigenvalues lie close together, else to rounding.
/// Every result depends on its own block only. Throws std::runtime_error if LAPACK fails.
void gram_eigenvectors(std::span<MatrixView<double const> const> blocks,
                       std::function<void(std::size_t block, Eigen const& eigen)> const& use);

/// Bytes that it takes at most for blocks whose smaller sides are up to `k`, beside a decomposition.
double gram_eigenvectors_bytes(Index k);

}  // namespace confer
