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

/// Collective. A B of matrices on one grid.
DistMatrix dist_product(DistMatrix const& a, DistMatrix const& b);

/// Collective. Adds the lower triangle of A'A to that of `gram`, on one grid.
void dist_add_gram(DistMatrix const& a, DistMatrix& gram);

/// Collective. In-place lower Cholesky factor; false on every rank when the matrix is not positive definite.
bool dist_cholesky(DistMatrix& a);

/// Collective. B <- B L^-T for a lower triangular L on the same grid.
void dist_right_solve(DistMatrix const& l, DistMatrix& b);

/// Collective. Copies columns [from_col, from_col + cols) of all rows to columns from to_col on. The grids may differ;
/// `all` is one that every rank of both is a member of.
void dist_copy(DistMatrix const& from, Index from_col, DistMatrix& to, Index to_col, Index cols,
               ProcessGrid const& all);

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
