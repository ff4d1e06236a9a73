/// Dense column-major matrices: an owner with aligned storage and a non-owning view with a leading dimension.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>

#include "confer/core/types.hpp"
#include "confer/linalg/aligned_memory.hpp"

namespace confer {

/// View of a column-major matrix: element (i, j) is data[i + j * ld].
template <class T>
struct MatrixView {
  T* data = nullptr;
  Index rows = 0;
  Index cols = 0;
  Index ld = 0;

  T& operator()(Index i, Index j) const { return data[i + j * ld]; }
  T* column(Index j) const { return data + j * ld; }
  std::span<T> column_span(Index j) const { return {data + j * ld, static_cast<std::size_t>(rows)}; }

  /// The sub-matrix of the given size whose first element is (i, j).
  MatrixView block(Index i, Index j, Index block_rows, Index block_cols) const {
    return {data + i + j * ld, block_rows, block_cols, ld};
  }

  operator MatrixView<T const>() const
    requires(!std::is_const_v<T>)
  {
    return {data, rows, cols, ld};
  }
};

/// Asks for a matrix whose values are written before they are read.
struct Uninitialised {};

/// Owning column-major matrix, rows x cols, 64-byte aligned, leading dimension = rows. Values start at zero.
template <class T>
class Matrix {
 public:
  Matrix() = default;
  Matrix(Index rows, Index cols) : rows_(rows), cols_(cols), data_(allocate(rows * cols)) {
    std::fill_n(data_.get(), rows * cols, T{});
  }
  Matrix(Index rows, Index cols, Uninitialised) : rows_(rows), cols_(cols), data_(allocate(rows * cols)) {}
  Matrix(Matrix&&) noexcept = default;
  Matrix& operator=(Matrix&&) noexcept = default;
  Matrix(Matrix const& other) : rows_(other.rows_), cols_(other.cols_), data_(allocate(rows_ * cols_)) {
    std::copy_n(other.data_.get(), size(), data_.get());
  }
  Matrix& operator=(Matrix const& other) {
    if (this != &other) *this = Matrix(other);
    return *this;
  }

  Index rows() const { return rows_; }
  Index cols() const { return cols_; }
  Index size() const { return rows_ * cols_; }
  T* data() { return data_.get(); }
  T const* data() const { return data_.get(); }
  T& operator()(Index i, Index j) { return data_[static_cast<std::size_t>(i + j * rows_)]; }
  T const& operator()(Index i, Index j) const { return data_[static_cast<std::size_t>(i + j * rows_)]; }

  MatrixView<T> view() { return {data_.get(), rows_, cols_, std::max<Index>(rows_, 1)}; }
  MatrixView<T const> view() const { return {data_.get(), rows_, cols_, std::max<Index>(rows_, 1)}; }
  MatrixView<T const> const_view() const { return view(); }
  operator MatrixView<T>() { return view(); }
  operator MatrixView<T const>() const { return view(); }

 private:
  struct Free {
    void operator()(T* p) const { free_aligned(p); }
  };
  static std::unique_ptr<T[], Free> allocate(Index count) {
    return std::unique_ptr<T[], Free>(static_cast<T*>(allocate_aligned(static_cast<std::size_t>(count) * sizeof(T))));
  }

  Index rows_ = 0;
  Index cols_ = 0;
  std::unique_ptr<T[], Free> data_;
};

}  // namespace confer
