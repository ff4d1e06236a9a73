/// Spectra of many small blocks at once: eigenvalues of k x k symmetric matrices, vectorised across matrices.
#pragma once

#include <span>

#include "confer/linalg/matrix.hpp"

namespace confer {

/// Eigenvalues, ascending, of `count` symmetric k x k matrices given by their lower triangles.
/// matrices[m] has leading dimension ld; values[m] receives k numbers. The matrices are destroyed.
/// Results for a matrix do not depend on which others are computed with it.
void symmetric_spectra(Index k, Index count, double* const* matrices, Index ld, double* const* values);

/// A rectangular block in single precision, optionally scaled: element (i, j) counts as
/// data[i + j * ld] * row_scale[i] * col_scale[j].
struct BlockView {
  float const* data = nullptr;
  Index rows = 0;
  Index cols = 0;
  Index ld = 0;
  double const* row_scale = nullptr;
  double const* col_scale = nullptr;
};

/// Singular values of many blocks, descending: values[m] receives min(rows, cols) numbers. Computed in double precision
/// from the Gram matrix of the smaller side; a block's result does not depend on which others are computed with it.
void block_singular_values(std::span<BlockView const> blocks, std::span<double* const> values);

/// Largest k for which symmetric_spectra is faster than LAPACK one by one; beyond it, it calls LAPACK.
Index largest_batched_block();

}  // namespace confer
