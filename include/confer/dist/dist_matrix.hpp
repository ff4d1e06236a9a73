/// A matrix dealt block by block to the ranks of a process grid.
#pragma once

#include <functional>

#include "confer/dist/process_grid.hpp"
#include "confer/linalg/matrix.hpp"

namespace confer {

/// rows x cols matrix in square blocks, dealt cyclically in both directions. Each rank holds its own part; a rank may
/// hold nothing. The grid must outlive the matrix.
class DistMatrix {
 public:
  /// Zeros.
  DistMatrix(ProcessGrid const& grid, Index rows, Index cols, Index block = 64);

  ProcessGrid const& grid() const { return *grid_; }
  BlockCyclic const& rows() const { return rows_; }
  BlockCyclic const& cols() const { return cols_; }
  /// The part of this rank: element (i, j) is the global (rows().global(i, grid().row()), cols().global(j,
  /// grid().col())).
  MatrixView<double> local() { return local_.view(); }
  MatrixView<double const> local() const { return local_.view(); }

  /// Sets every element of this rank's part from its global position.
  void fill(std::function<double(Index i, Index j)> const& value);

 private:
  ProcessGrid const* grid_;
  BlockCyclic rows_, cols_;
  Matrix<double> local_;
};

/// Collective. The whole matrix on every rank: takes rows x cols words on each.
Matrix<double> gather(DistMatrix const& matrix);

/// Collective. The lower triangle of G = sum over ranks of X'X, p x p and block-cyclic, from X = the samples of this
/// rank (own rows x p; no rows is fine). Blocks above the diagonal stay zero. A rank never holds more than the p^2 /
/// (ranks in the grid) words of two parts at a time, and sends p^2 / 2 words: the small result moves, not the samples.
DistMatrix dist_gram(ProcessGrid const& grid, MatrixView<double const> own_samples, Index block = 64);

}  // namespace confer
