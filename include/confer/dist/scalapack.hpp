/// Decompositions of matrices too large for one rank, by ScaLAPACK.
#pragma once

#include <vector>

#include "confer/dist/dist_matrix.hpp"

namespace confer {

/// Leading eigenvalues, descending and the same on every rank, and their eigenvectors in columns.
struct DistEigen {
  std::vector<double> values;
  DistMatrix vectors;  ///< p x values.size()
};

/// Collective. The `top` largest eigenvalues of a symmetric p x p matrix given by its lower triangle, which is
/// destroyed. All of them: divide and conquer (pdsyevd); fewer: relatively robust representations (pdsyevr).
/// The elements must be finite. Throws std::runtime_error on every rank if ScaLAPACK fails.
DistEigen dist_eigh(DistMatrix& a, Index top);

/// Thin singular value decomposition A = U diag(s) V', s descending and the same on every rank.
struct DistSvd {
  DistMatrix u;  ///< rows x k, k = min(rows, cols)
  std::vector<double> s;
  DistMatrix vt;  ///< k x cols
};

/// Collective. By pdgesvd; a is destroyed. Tens of times slower than a Gram matrix and its eigenvectors: an
/// independent check, not a working route. Throws std::runtime_error on every rank if ScaLAPACK fails.
DistSvd dist_svd(DistMatrix& a);

}  // namespace confer
