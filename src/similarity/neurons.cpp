#include "confer/similarity/neurons.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "confer/linalg/factor.hpp"

namespace confer {

NeuronMoments neuron_moments(Index rows, Index features,
                             std::function<void(Index begin, MatrixView<double> out)> const& read, Index granule) {
  auto const p = static_cast<std::size_t>(features);
  NeuronMoments moments{std::vector<double>(p, 0.0), std::vector<double>(p, 0.0), {}};
  std::vector<double> shift(p, 0.0), sum(p, 0.0), squares(p, 0.0);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  std::vector<double> lowest(p, infinity), highest(p, -infinity);
  Index const most = std::max<Index>(1, rows_per_block(features) / granule) * granule;
  Matrix<double> buffer(features, std::min(rows, most));
  for (Index begin = 0; begin < rows; begin += buffer.cols()) {
    auto const block = buffer.view().block(0, 0, features, std::min(buffer.cols(), rows - begin));
    read(begin, block);
    if (begin == 0)
      for (Index i = 0; i < block.cols; ++i)
        for (std::size_t j = 0; j < p; ++j) shift[j] += block.column(i)[j] / static_cast<double>(block.cols);
    for (Index i = 0; i < block.cols; ++i) {
      double const* row = block.column(i);
      for (std::size_t j = 0; j < p; ++j) {
        double const value = row[j] - shift[j];
        sum[j] += value;
        squares[j] += value * value;
        lowest[j] = std::min(lowest[j], row[j]);
        highest[j] = std::max(highest[j], row[j]);
      }
    }
  }
  auto const n = static_cast<double>(rows);
  constexpr double rounding = 8 * std::numeric_limits<double>::epsilon();
  for (std::size_t j = 0; j < p; ++j) {
    moments.mean[j] = shift[j] + sum[j] / n;
    double const square = squares[j] - sum[j] * (sum[j] / n);
    moments.norm[j] = std::sqrt(std::max(square, 0.0));
    bool const varies = lowest[j] < highest[j] && std::isfinite(moments.norm[j]) &&
                        moments.norm[j] > rounding * std::sqrt(n) * std::abs(moments.mean[j]);
    if (varies && moments.norm[j] > 0) moments.live.push_back(static_cast<Index>(j));
  }
  return moments;
}

namespace {

template <class T>
void standardise_any(NeuronMoments const& moments, MatrixView<double const> block, MatrixView<T> out) {
  constexpr Index side = 32;  // of the squares that are transposed at once, so that both sides stay in cache
  for (Index first_row = 0; first_row < out.rows; first_row += side)
    for (Index first = 0; first < out.cols; first += side)
      for (Index k = first; k < std::min(first + side, out.cols); ++k) {
        Index const j = moments.live[static_cast<std::size_t>(k)];
        double const mean = moments.mean[static_cast<std::size_t>(j)];
        double const scale = 1 / moments.norm[static_cast<std::size_t>(j)];
        for (Index i = first_row; i < std::min(first_row + side, out.rows); ++i)
          out(i, k) = static_cast<T>((block(j, i) - mean) * scale);
      }
}

}  // namespace

void standardise(NeuronMoments const& moments, MatrixView<double const> block, MatrixView<double> out) {
  standardise_any(moments, block, out);
}
void standardise(NeuronMoments const& moments, MatrixView<double const> block, MatrixView<float> out) {
  standardise_any(moments, block, out);
}

NeuronPair pair_neurons(MatrixView<double const> correlations, Matching matching, AssignmentDuals const& start) {
  NeuronPair result;
  Index const p = correlations.rows, q = correlations.cols;
  result.pairs = std::min(p, q);
  if (result.pairs == 0) return result;
  double const none = -std::numeric_limits<double>::infinity();
  result.best_of_rows.assign(static_cast<std::size_t>(p), none);
  result.best_of_columns.assign(static_cast<std::size_t>(q), none);
  for (Index j = 0; j < q; ++j)
    for (Index i = 0; i < p; ++i) {
      double const value = std::clamp(correlations(i, j), -1.0, 1.0);
      auto& row = result.best_of_rows[static_cast<std::size_t>(i)];
      auto& column = result.best_of_columns[static_cast<std::size_t>(j)];
      row = std::max(row, value);
      column = std::max(column, value);
    }
  if (matching == Matching::none) return result;
  Assignment found = maximum_assignment(correlations, start);
  for (Index i = 0; i < p; ++i)
    if (Index const j = found.column_of_row[static_cast<std::size_t>(i)]; j >= 0)
      result.matched += std::clamp(correlations(i, j), -1.0, 1.0);
  result.duals = std::move(found.duals);
  return result;
}

}  // namespace confer
