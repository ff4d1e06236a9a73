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
    next_row_ += count;
    done += count;
    if (at + count == band_.rows()) put_band(band, band_, norms_);
  }
}

void FactorPieces::put_band(Index band, MatrixView<double const> u, std::span<double const> norms) {
  for (double const norm : norms) sum_squared_norms_ += norm * norm;
  write_band(band, u, norms);
}

void FactorPieces::write_band(Index band, MatrixView<double const> u, std::span<double const> norms) {
  if (exact())
    writer_.write_band(band, u, norms);
  else
    writer_.write_band(band, converted<float>(u, 1).const_view(), norms);
}

Matrix<double> FactorPieces::read_band(Index band) const {
  auto const& shape = writer_.shape();
  Matrix<double> u(shape.rows_of(band), shape.kept);
  if (exact()) {
    writer_.read_band(band, u.view());
  } else {
    Matrix<float> stored(u.rows(), u.cols());
    writer_.read_band(band, stored.view());
    std::copy_n(stored.data(), stored.size(), u.data());
  }
  return u;
}

void FactorPieces::rewrite_band(Index band, MatrixView<double const> u) {
  std::vector<double> norms(static_cast<std::size_t>(u.rows));
  writer_.read_norms(band, norms);
  write_band(band, u, norms);
}

void FactorPieces::revise_rows(std::function<void(MatrixView<double>)> const& revise) {
  auto const& shape = writer_.shape();
  for (Index row = first_row_; row < next_row_; row += shape.band_rows) {
    Matrix<double> u = read_band(row / shape.band_rows);
    revise(u);
    rewrite_band(row / shape.band_rows, u);
  }
}

void FactorPieces::put_range(Index range, MatrixView<double const> loadings) {
  if (exact())
    writer_.write_loadings(range, loadings);
  else
    writer_.write_loadings(range, converted<float>(loadings, 1).const_view());
}

void FactorPieces::put_loadings(Index begin, MatrixView<double const> block, double scale) {
  put_range((first_feature_ + begin) / writer_.shape().feature_range, converted<double>(block, scale));
}

}  // namespace confer
