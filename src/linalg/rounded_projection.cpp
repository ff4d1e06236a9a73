#include "linalg/rounded_projection.hpp"

#include <algorithm>
#include <cmath>

#include "confer/linalg/dense.hpp"
#include "linalg/column_sums.hpp"

namespace confer {

namespace {

constexpr Index rows_at_once = 512;  // their product stays in the cache

/// How many times as strong as another, which is multiplied in single precision, a direction may be.
double most_times(Directions const& found) { return 2 * std::sqrt(static_cast<double>(found.vectors.rows())); }

double value(Directions const& found, Index j) { return found.values[static_cast<std::size_t>(j)]; }

/// Of the first `count` directions those that are stronger than `least`.
Index stronger_than(Directions const& found, Index count, double least) {
  auto const begin = found.values.begin();
  return std::partition_point(begin, begin + count, [&](double s) { return s > least; }) - begin;
}

/// Few: each costs two products in double precision.
Index dominant_directions(Directions const& found, Index kept) {
  return stronger_than(found, kept / 8, most_times(found) * value(found, kept - 1));
}

Matrix<float> rounded(Matrix<double> const& values, double factor) {
  Matrix<float> result(values.rows(), values.cols(), Uninitialised());
  scale_and_round(values.data(), factor, values.size(), result.data());
  return result;
}

/// V diag(s) of the first directions.
Matrix<double> axes_of(Directions const& found, Index count) {
  Matrix<double> axes(found.vectors.rows(), count, Uninitialised());
  for (Index j = 0; j < count; ++j)
    for (Index i = 0; i < axes.rows(); ++i) axes(i, j) = found.vectors(i, j) * value(found, j);
  return axes;
}

}  // namespace

RoundedProjection::RoundedProjection(Directions const& found, Index kept, Index most_rows)
    : found_(found),
      dominant_(dominant_directions(found, kept)),
      weak_(stronger_than(found, kept, value(found, dominant_) / most_times(found))),
      unit_(value(found, dominant_)),
      dominant_weights_(weights_of(found, 0, dominant_)),
      dominant_axes_(axes_of(found, dominant_)),
      weak_weights_(weights_of(found, weak_, kept)),
      single_weights_(rounded(weights_of(found, dominant_, weak_), unit_)) {
  Index const rows = std::min(rows_at_once, most_rows);
  product_ = Matrix<double>(rows, std::max(dominant_, kept - weak_), Uninitialised());
  rounded_rows_ = Matrix<float>(found.vectors.rows(), rows, Uninitialised());
  rounded_ = Matrix<float>(rows, weak_ - dominant_, Uninitialised());
}

void RoundedProjection::project(MatrixView<double> block, double* norms, Put const& put) {
  for (Index begin = 0; begin < block.cols; begin += rounded_.rows()) {
    auto const rows = block.block(0, begin, block.rows, std::min(rounded_.rows(), block.cols - begin));
    Piece const piece{rows, begin, norms + begin, put};
    project_in_double(piece, weak_weights_, weak_);
    auto const dominant = project_in_double(piece, dominant_weights_, 0);
    gemm(-1.0, dominant_axes_, Op::none, dominant, Op::transpose, 1.0, rows);
    project_in_single(piece);
  }
}

MatrixView<double const> RoundedProjection::project_in_double(Piece const& piece, Matrix<double> const& weights,
                                                              Index first) {
  Index const count = piece.rows.cols;
  auto const u = product_.view().block(0, 0, count, weights.cols());
  gemm(1.0, piece.rows, Op::transpose, weights, Op::none, 0.0, u);
  for (Index j = 0; j < u.cols; ++j) {
    round_and_add_squares(u.column(j), count, found_.variance(first + j), rounded_.data(), piece.norms);
    piece.put(piece.begin, first + j, {rounded_.data(), static_cast<std::size_t>(count)});
  }
  return u;
}

void RoundedProjection::project_in_single(Piece const& piece) {
  Index const count = piece.rows.cols;
  auto const rows = rounded_rows_.view().block(0, 0, piece.rows.rows, count);
  for (Index i = 0; i < count; ++i) scale_and_round(piece.rows.column(i), 1 / unit_, piece.rows.rows, rows.column(i));
  auto const u = rounded_.view().block(0, 0, count, rounded_.cols());
  gemm(1.0f, rows, Op::transpose, single_weights_, Op::none, 0.0f, u);
  for (Index j = 0; j < u.cols; ++j) {
    add_squares(u.column(j), count, found_.variance(dominant_ + j), piece.norms);
    piece.put(piece.begin, dominant_ + j, {u.column(j), static_cast<std::size_t>(count)});
  }
}

}  // namespace confer
