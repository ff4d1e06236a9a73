/// Spectra of many small blocks at once, vectorised across blocks: eigenvalues of symmetric matrices and singular
/// values of rectangular ones.
///
/// Every result depends on its own block only: it is bit-identical whatever is computed beside it, in any order.
/// Different instruction sets (AVX-512, AVX2, neither) may differ in the last bits.
#pragma once

#include <span>

#include "confer/linalg/matrix.hpp"

namespace confer {

/// Eigenvalues, ascending, of `count` symmetric k x k matrices given by their lower triangles.
/// matrices[m] has leading dimension ld; values[m] receives k numbers. The matrices are destroyed.
/// Results for a matrix do not depend on which others are computed with it. Absolute error: a few k eps times the
/// largest eigenvalue. A matrix with a non-finite element yields NaN. Throws std::runtime_error if LAPACK fails.
void symmetric_spectra(Index k, Index count, double* const* matrices, Index ld, double* const* values);

/// Largest k for which the kernels that work on several matrices at once are used; beyond it, one matrix at a time.
Index largest_batched_block();

/// A rows x cols block, column-major: element (i, j) is row_scale[i] * data[i + j * ld] * col_scale[j].
/// A scale of nullptr stands for ones.
template <class T>
struct ScaledBlock {
  T const* data = nullptr;
  Index rows = 0;
  Index cols = 0;
  Index ld = 0;
  double const* row_scale = nullptr;
  double const* col_scale = nullptr;
};
using BlockView = ScaledBlock<float>;
using ExactBlockView = ScaledBlock<double>;

/// Singular values, descending, of every block: values[m] receives min(rows, cols) of blocks[m].
///
/// They are the roots of the eigenvalues of the FP64 Gram matrix of the smaller side, clamped at zero: exact to about
/// 1e-15 of the largest in the square, so a value of 1e-8 of the largest has no correct digit left. Fastest when
/// many blocks have about the same small side. Elements may reach 1e+-70. Non-finite elements yield NaN.
/// Throws std::runtime_error if LAPACK fails.
void block_singular_values(std::span<BlockView const> blocks, std::span<double* const> values);
void block_singular_values(std::span<ExactBlockView const> blocks, std::span<double* const> values);

}  // namespace confer
