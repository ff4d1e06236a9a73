/// Inner products of some chosen samples of a record with a range of samples.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "confer/io/row_store.hpp"
#include "confer/linalg/matrix.hpp"

namespace confer {

/// Copies the samples of a tile side by side and multiplies them; keeps its memory for the next tile.
template <class T>
class ChosenProducts {
 public:
  /// g(i, j) = x_chosen[i] . x_(begin + j); begin: a multiple of short_group. The record has values of T or, in single
  /// precision, codes.
  void operator()(MappedRows const& rows, std::span<Index const> chosen, Index begin, MatrixView<T> g);

 private:
  Matrix<T> samples_;
  std::vector<std::int16_t> codes_;
};

}  // namespace confer
