/// Memory and steps shared by all ways into the lane kernels.
#pragma once

#include "linalg/lane_kernels.hpp"

namespace confer {

/// Works on one group of up to G batches of W matrices at a time: reduce each to tridiagonal form, then solve all.
class SpectraWorkspace {
 public:
  /// For matrices of up to k x k, interleaved or one by one.
  enum class Layout { interleaved, single };
  SpectraWorkspace(LaneKernels const& kernels, Index k, Layout layout);

  /// Matrices per group.
  Index group() const { return kernels_.group * kernels_.lanes; }

  /// Empties the group.
  void begin_group();

  /// Interleaved: Gram matrices of up to W blocks become batch `batch` of the group.
  void reduce(std::span<LaneSource<float> const> blocks, Index batch);
  void reduce(std::span<LaneSource<double> const> blocks, Index batch);
  /// Interleaved: up to W symmetric k x k matrices become batch `batch` of the group.
  void reduce_symmetric(std::span<double const* const> matrices, Index ld, Index k, Index batch);

  /// Single: the Gram matrix of a block becomes matrix `position` of the group.
  void reduce_single(LaneSource<float> const& block, Index position);
  void reduce_single(LaneSource<double> const& block, Index position);
  /// Single: a symmetric k x k matrix becomes matrix `position` of the group.
  void reduce_single_symmetric(double const* matrix, Index ld, Index k, Index position);

  /// Eigenvalues of the first `count` matrices of the group. Throws std::runtime_error when they do not converge.
  void solve(Index count);

  /// The k eigenvalues of one matrix of the group, unsorted.
  void copy_values(Index position, Index k, double* values) const;

 private:
  template <class T>
  void reduce_any(std::span<LaneSource<T> const> blocks, Index batch,
                  void (*interleave)(LaneSource<T> const*, Index, Index, Index, double*));
  template <class T>
  void reduce_single_any(LaneSource<T> const& block, Index position);
  void tridiagonalise(Index k, Index batch);
  void tridiagonalise_single(Index k, Index position);
  Index padded(Index k) const { return (k + kernels_.lanes - 1) / kernels_.lanes * kernels_.lanes; }

  LaneKernels const& kernels_;
  Index panel_;        ///< columns of a block interleaved, or converted, at a time
  Index largest_ = 0;  ///< matrix in the group
  Matrix<double> columns_, matrix_, work_, diagonal_, subdiagonal_;
};

}  // namespace confer
