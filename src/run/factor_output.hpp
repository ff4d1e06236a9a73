/// Takes the pieces of a large factor as they come and puts them into the basis store.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "confer/io/basis_store.hpp"
#include "confer/io/basis_writer.hpp"

namespace confer {

/// What one rank adds to a factor on file: bands of rows from `first_row` on, loadings from `first_feature` on, both
/// multiples of the sizes in the shape.
class FactorPieces {
 public:
  FactorPieces(BasisWriter writer, Index first_row, Index first_feature)
      : writer_(std::move(writer)), next_row_(first_row), first_row_(first_row), first_feature_(first_feature) {}

  /// Rows in order, and their squared norms.
  void put_rows(MatrixView<double const> u, std::span<double const> norms);
  /// Lets `revise` change all rows that were put, band by band.
  void revise_rows(std::function<void(MatrixView<double>)> const& revise);
  /// Loadings of the features [begin, begin + block.cols) of this rank, which are stored times `scale`.
  void put_loadings(Index begin, MatrixView<double const> block, double scale);

  /// A whole band, or a range of loadings as they shall be stored, by number.
  void put_band(Index band, MatrixView<double const> u, std::span<double const> norms);
  void put_range(Index range, MatrixView<double const> loadings);
  /// A band as it was put, and what shall stand in its place; its norms stay.
  Matrix<double> read_band(Index band) const;
  void rewrite_band(Index band, MatrixView<double const> u);

  /// Sum over the rows put of their squared norms squared.
  double sum_squared_norms() const { return sum_squared_norms_; }
  BasisWriter& writer() { return writer_; }

 private:
  bool exact() const { return writer_.shape().value_bytes == 8; }
  void write_band(Index band, MatrixView<double const> u, std::span<double const> norms);

  BasisWriter writer_;
  Index next_row_, first_row_, first_feature_;
  Matrix<double> band_;  // under way
  std::vector<double> norms_;
  double sum_squared_norms_ = 0;
};

}  // namespace confer
