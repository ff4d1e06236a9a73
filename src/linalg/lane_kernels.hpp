/// Kernels that treat W matrices at once, one per vector lane, compiled once per instruction set.
///
/// A "lane array" interleaves W matrices: number q of matrix m is at [q * W + m], so one vector holds the same element
/// of all W. Lanes never mix, hence a result depends on its own matrix only. A matrix smaller than k is padded with
/// zero rows and columns at the end, which changes no bit of its results.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "confer/linalg/block_eigen.hpp"
#include "confer/linalg/block_spectra.hpp"

namespace confer {

/// One lane of a batch: the k x inner matrix whose Gram matrix is wanted. Element (i, t) is
/// scale_k[i] * scale_t[t] * data[i * stride_k + t * stride_t]; one of the strides is 1.
template <class T>
struct LaneSource {
  T const* data = nullptr;
  Index k = 0;
  Index inner = 0;
  Index stride_k = 0;
  Index stride_t = 0;
  double const* scale_k = nullptr;
  double const* scale_t = nullptr;
};

/// The kernels of one instruction set. Lane arrays are aligned to 64 bytes. A packed lower triangle holds column 0
/// (k numbers), column 1 (k - 1 numbers), ...
struct LaneKernels {
  char const* name;
  Index lanes;  ///< W, matrices per batch
  Index group;  ///< G, batches whose tridiagonal matrices are solved together

  /// x[t - begin][i] <- the columns begin <= t < end of the W sources, zero outside; rows of x have padded_rows(k).
  void (*interleave_float)(LaneSource<float> const* sources, Index k, Index begin, Index end, double* x);
  void (*interleave_double)(LaneSource<double> const* sources, Index k, Index begin, Index end, double* x);

  /// Packed lower triangles <- those of W column-major matrices with leading dimension ld; nullptr reads as zero.
  void (*interleave_lower)(double const* const* matrices, Index ld, Index k, double* packed);

  /// packed += x x', for x of k rows and `columns` columns as written by interleave. Reads padded_rows(k) numbers past
  /// the last column of x.
  void (*gram)(Index k, Index columns, double const* x, double* packed);

  /// Householder reduction of the packed matrices (destroyed): diagonal d and subdiagonal e (the last is zero), number
  /// j at [j * stride]. work: 3 k lane numbers.
  void (*tridiagonalise)(Index k, double* packed, double* work, double* d, double* e, Index stride);

  /// The same for one matrix: both dimensions of a are padded with zeros to ld, a multiple of W; the lower triangle is
  /// read. d and e are single numbers at [j * stride]. work: 4 ld numbers. The rotation is Q = H_0 H_1 ... with
  /// H_j = I - tau[j] v v', j < k - 1, v in the rows from j + 1 on of column j of a.
  void (*tridiagonalise_single)(Index k, double* a, Index ld, double* work, double* d, double* e, Index stride,
                                double* tau);

  /// Eigenvalues, unsorted, of the first batches x W of G x W tridiagonal matrices; d becomes the eigenvalues, e is
  /// destroyed. Padding stays behind the values of its lane. False if some matrix did not converge.
  bool (*eigenvalues)(Index k, Index batches, double* d, double* e);

  /// Unit eigenvectors of one k x k tridiagonal matrix for its eigenvalues, column by column, and the lengths of
  /// T z - lambda z. The nearer two eigenvalues are, the less orthogonal are their vectors. work: 3 G k lane numbers.
  void (*tridiagonal_vectors)(Index k, double const* d, double const* e, double const* values, double* work,
                              double* vectors, Index ld, double* residuals);

  /// Row length of x: k rounded up to what the Gram kernel reads at once.
  Index (*padded_rows)(Index k);
};

LaneKernels const* lane_kernels_generic();
LaneKernels const* lane_kernels_avx2();    ///< nullptr if not compiled for this kind of processor
LaneKernels const* lane_kernels_avx512();  ///< nullptr if not compiled for this kind of processor

/// What this processor can run, slowest first.
std::vector<LaneKernels const*> available_lane_kernels();

/// symmetric_spectra and block_singular_values with given kernels, for any k.
void symmetric_spectra_with(LaneKernels const& kernels, Index k, Index count, double const* const* matrices, Index ld,
                            double* const* values);
template <class T>
void block_singular_values_with(LaneKernels const& kernels, std::span<ScaledBlock<T> const> blocks,
                                std::span<double* const> values);

/// gram_eigenvectors with given kernels.
void gram_eigenvectors_with(LaneKernels const& kernels, std::span<MatrixView<double const> const> blocks,
                            double single_above,
                            std::function<void(std::size_t block, GramEigen const& eigen)> const& use);

}  // namespace confer
