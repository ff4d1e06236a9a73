#include "run/factor_output.hpp"

#include <algorithm>

namespace confer {

namespace {

template <class T>
Matrix<T> converted(MatrixView<double const> values, double scale) {
  Matrix<T> result(values.rows, values.cols);
  for (Index j = 0; j < values.cols; ++j)
    std::transform(values.column(j), values.column(j) + values.rows, result.view().column(j),
                   [scale](double value) { return static_cast<T>(value * scale); });
  return result;
}

}  // namespace

void FactorPieces::put_rows(MatrixView<double const> u, std::span<double const> norms) {
  auto const& shape = writer_.shape();
  for (Index done = 0; done < u.rows;) {
    Index const band = next_row_ / shape.band_rows, at = next_row_ % shape.band_rows;
    if (at == 0) {
      band_ = Matrix<double>(shape.rows_of(band), u.cols);
      norms_.assign(static_cast<std::size_t>(band_.rows()), 0.0);
    }
    Index const count = std::min(band_.rows() - at, u.rows - done);
    for (Index j = 0; j < u.cols; ++j) std::copy_n(u.column(j) + done, count, band_.view().column(j) + at);
    std::copy_n(norms.begin() + done, count, norms_.begin() + at);
    for (Index i = done; i < done + count; ++i) {
      double const norm = norms[static_cast<std::size_t>(i)];
      sum_squared_norms_ += norm * norm;
    }
    next_row_ += count;
    done += count;
    if (at + count == band_.rows()) finish_band(band);
  }
}

void FactorPieces::finish_band(Index band) {
  if (exact())
    writer_.write_band(band, band_.const_view(), norms_);
  else
    writer_.write_band(band, converted<float>(band_, 1).const_view(), norms_);
}

void FactorPieces::revise_rows(std::function<void(MatrixView<double>)> const& revise) {
  auto const& shape = writer_.shape();
  for (Index row = first_row_; row < next_row_; row += shape.band_rows) {
    Index const band = row / shape.band_rows, rows = shape.rows_of(band);
    band_ = Matrix<double>(rows, shape.kept);
    norms_.resize(static_cast<std::size_t>(rows));
    writer_.read_norms(band, norms_);
    if (exact()) {
      writer_.read_band(band, band_.view());
    } else {
      Matrix<float> stored(rows, shape.kept);
      writer_.read_band(band, stored.view());
      std::copy_n(stored.data(), stored.size(), band_.data());
    }
    revise(band_);
    finish_band(band);
  }
}

void FactorPieces::put_loadings(Index begin, MatrixView<double const> block, double scale) {
  Index const range = (first_feature_ + begin) / writer_.shape().feature_range;
  if (exact())
    writer_.write_loadings(range, converted<double>(block, scale).const_view());
  else
    writer_.write_loadings(range, converted<float>(block, scale).const_view());
}

}  // namespace confer
