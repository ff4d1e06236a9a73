#include "confer/dist/dist_matrix.hpp"

#include <algorithm>
#include <vector>

#include "confer/linalg/dense.hpp"

namespace confer {

DistMatrix::DistMatrix(ProcessGrid const& grid, Index rows, Index cols, Index block)
    : grid_(&grid), rows_{rows, block, grid.shape().rows}, cols_{cols, block, grid.shape().cols} {
  if (grid.is_member()) local_ = Matrix<double>(rows_.local_size(grid.row()), cols_.local_size(grid.col()));
}

void DistMatrix::fill(std::function<double(Index i, Index j)> const& value) {
  for (Index j = 0; j < local_.cols(); ++j)
    for (Index i = 0; i < local_.rows(); ++i)
      local_(i, j) = value(rows_.global(i, grid_->row()), cols_.global(j, grid_->col()));
}

Matrix<double> gather(DistMatrix const& matrix) {
  auto const& grid = matrix.grid();
  auto const part = matrix.local();
  Matrix<double> whole(matrix.rows().size, matrix.cols().size);
  for (Index j = 0; j < part.cols; ++j)
    for (Index i = 0; i < part.rows; ++i)
      whole(matrix.rows().global(i, grid.row()), matrix.cols().global(j, grid.col())) = part(i, j);
  grid.comm().all_sum(std::span(whole.data(), static_cast<std::size_t>(whole.size())));
  return whole;
}

namespace {

// The columns of X that a process owns in one dimension of the Gram matrix, side by side.
Matrix<double> own_columns(MatrixView<double const> x, BlockCyclic const& dimension, int part) {
  Index const count = dimension.local_size(part);
  Matrix<double> columns(x.rows, count);
  for (Index j = 0; j < count; ++j) std::copy_n(x.column(dimension.global(j, part)), x.rows, columns.view().column(j));
  return columns;
}

}  // namespace

DistMatrix dist_gram(ProcessGrid const& grid, MatrixView<double const> own_samples, Index block) {
  Index const p = own_samples.cols;
  DistMatrix gram(grid, p, p, block);
  auto const& rows = gram.rows();
  auto const& cols = gram.cols();
  std::vector<double> packed;
  for (int process_row = 0; process_row < grid.shape().rows; ++process_row) {
    auto const left = own_columns(own_samples, rows, process_row);
    for (int process_col = 0; process_col < grid.shape().cols; ++process_col) {
      auto const right = own_columns(own_samples, cols, process_col);
      int const owner = process_row * grid.shape().cols + process_col;

      // Of each block column of the owner only the blocks on and below the diagonal: its last local rows.
      struct Panel {
        Index row, col, height, width;
      };
      std::vector<Panel> panels;
      Index words = 0;
      for (Index col = 0; col < right.cols(); col += block) {
        Index const diagonal = cols.global(col, process_col);
        Index row = 0;
        while (row < left.cols() && rows.global(row, process_row) < diagonal) row += block;
        Panel const panel{row, col, left.cols() - std::min(row, left.cols()), std::min(block, right.cols() - col)};
        if (panel.height == 0) continue;
        panels.push_back(panel);
        words += panel.height * panel.width;
      }
      packed.assign(static_cast<std::size_t>(words), 0.0);
      double* target = packed.data();
      for (auto const& panel : panels) {
        gemm(1.0, left.view().block(0, panel.row, left.rows(), panel.height), Op::transpose,
             right.view().block(0, panel.col, right.rows(), panel.width), Op::none, 0.0,
             MatrixView<double>{target, panel.height, panel.width, panel.height});
        target += panel.height * panel.width;
      }
      grid.comm().sum_to(packed, owner);
      if (grid.comm().rank() != owner) continue;
      double const* source = packed.data();
      for (auto const& panel : panels)
        for (Index j = 0; j < panel.width; ++j, source += panel.height)
          std::copy_n(source, panel.height, gram.local().column(panel.col + j) + panel.row);
    }
  }
  return gram;
}

}  // namespace confer
