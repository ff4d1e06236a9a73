/// Spectra of many small blocks at once: eigenvalues of k x k symmetric matrices, vectorised across matrices.
#pragma once

#include <span>

#include "confer/linalg/matrix.hpp"

namespace confer {

/// Eigenvalues, ascending, of `count` symmetric k x k matrices given by their lower triangles.
/// matrices[m] has leading dimension ld; values[m] receives k numbers. The matrices are destroyed.
/// Results for a matrix do not depend on which others are computed with it.
void symmetric_spectra(Index k, Index count, double* const* matrices, Index ld, double* const* values);

/// Largest k for which symmetric_spectra is faster than LAPACK one by one; beyond it, it calls LAPACK.
Index largest_batched_block();

}  // namespace confer
