#include "confer/similarity/neurons.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "confer/linalg/factor.hpp"

namespace confer {

namespace {

/// Four rows at a time: the sums then cross the processor's load and store units once for four values.
template <class T>
void add_rows(MatrixView<T const> rows, double const* __restrict shift, double* __restrict sum,
              double* __restrict squares) {
  Index i = 0;
  for (; i + 4 <= rows.cols; i += 4) {
    T const *a = rows.column(i), *b = rows.column(i + 1), *c = rows.column(i + 2), *d = rows.column(i + 3);
    for (Index j = 0; j < rows.rows; ++j) {
      double const origin = shift[j];
      double const va = static_cast<double>(a[j]) - origin, vb = static_cast<double>(b[j]) - origin;
      double const vc = static_cast<double>(c[j]) - origin, vd = static_cast<double>(d[j]) - origin;
      sum[j] += (va + vb) + (vc + vd);
      squares[j] += (va * va + vb * vb) + (vc * vc + vd * vd);
    }
  }
  for (; i < rows.cols; ++i)
    for (Index j = 0; j < rows.rows; ++j) {
      double const value = static_cast<double>(rows(j, i)) - shift[j];
      sum[j] += value;
      squares[j] += value * value;
    }
}

/// Means of a block, exactly the common value where all values are equal.
template <class T>
void mean_of(MatrixView<T const> block, std::vector<double>& mean) {
  std::copy_n(block.column(0), block.rows, mean.begin());
  std::vector<double> sum(mean.size(), 0.0);
  for (Index i = 1; i < block.cols; ++i)
    for (std::size_t j = 0; j < mean.size(); ++j) sum[j] += static_cast<double>(block.column(i)[j]) - mean[j];
  for (std::size_t j = 0; j < mean.size(); ++j) mean[j] += sum[j] / static_cast<double>(block.cols);
}

}  // namespace

NeuronSums::NeuronSums(Index features)
    : shift_(static_cast<std::size_t>(features), 0.0), sum_(shift_), squares_(shift_) {}

template <class T>
void NeuronSums::add_any(MatrixView<T const> block) {
  if (block.cols == 0) return;
  if (rows_ == 0) mean_of(block, shift_);
  rows_ += block.cols;
  constexpr Index at_once = 512;  // features whose sums stay in the first cache
  for (Index begin = 0; begin < block.rows; begin += at_once)
    add_rows(block.block(begin, 0, std::min(at_once, block.rows - begin), block.cols), shift_.data() + begin,
             sum_.data() + begin, squares_.data() + begin);
}

void NeuronSums::add(MatrixView<double const> block) { add_any(block); }
void NeuronSums::add(MatrixView<float const> block) { add_any(block); }

NeuronMoments NeuronSums::moments() const {
  NeuronMoments moments{shift_, squares_, {}};
  auto const n = static_cast<double>(rows_);
  constexpr double rounding = 8 * std::numeric_limits<double>::epsilon();
  for (std::size_t j = 0; j < shift_.size() && rows_ > 0; ++j) {
    moments.mean[j] += sum_[j] / n;
    moments.norm[j] = std::sqrt(std::max(squares_[j] - sum_[j] * (sum_[j] / n), 0.0));
    // Values that are all equal lie on the shift, so that their norm is 0.
    if (std::isfinite(moments.norm[j]) && moments.norm[j] > 0 &&
        moments.norm[j] > rounding * std::sqrt(n) * std::abs(moments.mean[j]))
      moments.live.push_back(static_cast<Index>(j));
  }
  return moments;
}

NeuronMoments neuron_moments(Index rows, Index features,
                             std::function<void(Index begin, MatrixView<double> out)> const& read) {
  NeuronSums sums(features);
  Matrix<double> buffer(features, std::min(rows, rows_per_block(features)));
  for (Index begin = 0; begin < rows; begin += buffer.cols()) {
    auto const block = buffer.view().block(0, 0, features, std::min(buffer.cols(), rows - begin));
    read(begin, block);
    sums.add(block);
  }
  return sums.moments();
}

namespace {

/// In squares that stay in the first cache: along the neurons to standardise, along the rows to write.
template <class T>
void standardise_any(NeuronMoments const& moments, MatrixView<double const> block, MatrixView<T> out) {
  constexpr Index side = 32;
  std::vector<double> means, scales;
  for (Index const j : moments.live) {
    means.push_back(moments.mean[static_cast<std::size_t>(j)]);
    scales.push_back(1 / moments.norm[static_cast<std::size_t>(j)]);
  }
  std::array<T, side * side> square;
  for (Index first = 0; first < out.cols; first += side) {
    Index const width = std::min(side, out.cols - first);
    Index const* const live = moments.live.data() + first;
    double const *mean = means.data() + first, *scale = scales.data() + first;
    bool const neighbours = live[width - 1] - live[0] == width - 1;
    for (Index first_row = 0; first_row < out.rows; first_row += side) {
      Index const count = std::min(side, out.rows - first_row);
      for (Index i = 0; i < count; ++i) {
        double const* const row = block.column(first_row + i);
        T* const to = square.data() + i * side;
        if (neighbours)
          for (Index k = 0; k < width; ++k) to[k] = static_cast<T>((row[live[0] + k] - mean[k]) * scale[k]);
        else
          for (Index k = 0; k < width; ++k) to[k] = static_cast<T>((row[live[k]] - mean[k]) * scale[k]);
      }
      for (Index k = 0; k < width; ++k) {
        T* const to = out.column(first + k) + first_row;
        for (Index i = 0; i < count; ++i) to[i] = square[static_cast<std::size_t>(i * side + k)];
      }
    }
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
