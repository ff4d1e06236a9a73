#include "confer/linalg/neighbours.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <span>

#include "confer/linalg/dense.hpp"
#include "confer/linalg/short_samples.hpp"
#include "confer/linalg/tile_functions.hpp"

namespace confer {

namespace {

constexpr Index tile = 256;
constexpr double margin_share = 4e-6;
/// The largest error of a sample in 16 bits, over the norm of half of the samples, that leaves few candidates.
constexpr double short_margin = 5e-4;

struct Candidate {
  float value;
  std::int32_t index;
};

bool better(Candidate const& a, Candidate const& b) { return a.value != b.value ? a.value > b.value : a.index < b.index; }

float kth_largest(std::span<float const> values, Index k) {
  if (std::ssize(values) <= most_counted) return kth_largest_of_few(values, k);
  std::vector<float> copy(values.begin(), values.end());
  auto const kth = copy.begin() + (k - 1);
  std::nth_element(copy.begin(), kth, copy.end(), std::greater<>());
  return *kth;
}

/// Of one sample: everything that can still be among its k nearest.
class Candidates {
 public:
  float threshold = -std::numeric_limits<float>::infinity();

  Candidates() {
    values_.reserve(limit_);
    indices_.reserve(limit_);
  }
  void add(float value, Index index, Index k, float margin) {
    values_.push_back(value);
    indices_.push_back(static_cast<std::int32_t>(index));
    if (values_.size() < limit_) return;
    shrink(k, margin);
    limit_ = std::max<std::size_t>(2 * values_.size(), static_cast<std::size_t>(2 * k + 8));
  }
  std::vector<std::int32_t> const& finish(Index k, float margin) {
    shrink(k, margin);
    return indices_;
  }

 private:
  void shrink(Index k, float margin) {
    if (static_cast<Index>(values_.size()) <= k) return;
    threshold = kth_largest(values_, k) - margin;
    std::size_t kept = 0;
    for (std::size_t c = 0; c < values_.size(); ++c) {
      values_[kept] = values_[c];
      indices_[kept] = indices_[c];
      kept += static_cast<std::size_t>(values_[c] >= threshold);
    }
    values_.resize(kept);
    indices_.resize(kept);
    auto const most = static_cast<std::size_t>(std::max<Index>(1024, 16 * k));
    if (kept > most) keep_best(most);
  }
  void keep_best(std::size_t count) {
    std::vector<Candidate> all;
    for (std::size_t c = 0; c < values_.size(); ++c) all.push_back({values_[c], indices_[c]});
    std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end(), better);
    values_.resize(count);
    indices_.resize(count);
    for (std::size_t c = 0; c < count; ++c) {
      values_[c] = all[c].value;
      indices_[c] = all[c].index;
    }
  }
  std::vector<float> values_;
  std::vector<std::int32_t> indices_;
  std::size_t limit_ = 32;
};

double squared_distance(std::span<double const> a, std::span<double const> b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += (a[k] - b[k]) * (a[k] - b[k]);
  return sum;
}

/// Marks of the samples of a tile, filled up to whole words.
constexpr Index marks_together = sizeof(std::uint64_t);
using Marks = std::array<unsigned char, tile + marks_together>;

/// Calls visit(i) for every mark that is set (1) among the first `count`.
template <class Visit>
void for_each_mark(Marks& marks, Index count, Visit const& visit) {
  static_assert(std::endian::native == std::endian::little, "the first mark is the lowest byte of a word");
  std::fill_n(marks.begin() + count, marks_together, static_cast<unsigned char>(0));
  for (Index begin = 0; begin < count; begin += marks_together) {
    std::uint64_t word = 0;
    std::memcpy(&word, marks.data() + begin, sizeof word);
    for (; word != 0; word &= word - 1) visit(begin + std::countr_zero(word) / 8);
  }
}

/// Finds the candidates of all samples tile by tile; each tile serves its rows and its columns. Products are those of
/// samples in 16 bits where these are right to `short_margin`, or else in single precision.
class Search {
 public:
  Search(MatrixView<double const> samples, std::span<double const> squared_norms, Index k, Nearness nearness)
      : k_(k), nearness_(nearness), rows_(samples.rows, samples.cols, Uninitialised()), margins_(static_cast<std::size_t>(samples.cols)),
        candidates_(static_cast<std::size_t>(samples.cols)) {
    for (Index i = 0; i < samples.cols; ++i)
      for (Index f = 0; f < samples.rows; ++f) rows_(f, i) = static_cast<float>(samples(f, i));
    for (double const norm : squared_norms) half_norms_.push_back(static_cast<float>(norm / 2));
    codes_ = shorten(rows_, std::numeric_limits<double>::infinity());
    double const largest = std::sqrt(*std::max_element(squared_norms.begin(), squared_norms.end()));
    double const error = std::sqrt(*std::max_element(codes_.lost.begin(), codes_.lost.end()));
    std::vector<double> sorted(squared_norms.begin(), squared_norms.end());
    std::nth_element(sorted.begin(), sorted.begin() + std::ssize(sorted) / 2, sorted.end());
    short_ = error <= short_margin * std::sqrt(sorted[sorted.size() / 2]);
    if (short_)
      rows_ = Matrix<float>();
    else
      codes_ = ShortMatrix();
    for (std::size_t i = 0; i < margins_.size(); ++i) {
      double const norm = std::sqrt(squared_norms[i]), own = short_ ? std::sqrt(codes_.lost[i]) : 0;
      double const rounding = margin_share * largest * (norm + (nearness == Nearness::distance ? largest : 0.0));
      // Of two products that are compared each may be off by |x| |error of y| + |error of x| |y|.
      double const coding = short_ ? 2 * (norm * error + own * (largest + error)) : 0;
      margins_[i] = static_cast<float>(rounding + coding);
    }
  }

  std::vector<Candidates>& run() {
    Matrix<float> products(tile, tile, Uninitialised());
    Index const n = std::ssize(candidates_);
    for (Index col = 0; col < n; col += tile)
      for (Index row = 0; row <= col; row += tile) {
        auto const g = products.view().block(0, 0, std::min(tile, n - row), std::min(tile, n - col));
        if (short_)
          short_products(codes_.view(), row, col, g);
        else
          gemm(1.0f, rows_.view().block(0, row, rows_.rows(), g.rows), Op::transpose,
               rows_.view().block(0, col, rows_.rows(), g.cols), Op::none, 0.0f, g);
        enter(g, row, col);
      }
    return candidates_;
  }
  float margin(std::size_t sample) const { return margins_[sample]; }

 private:
  void enter(MatrixView<float> g, Index row, Index col) {
    bool const diagonal = row == col;
    std::vector<float> thresholds;
    Marks marks;
    for (Index i = 0; i < g.rows; ++i) thresholds.push_back(candidates_[static_cast<std::size_t>(row + i)].threshold);
    for (Index j = 0; j < g.cols; ++j) {
      Candidates& column = candidates_[static_cast<std::size_t>(col + j)];
      Index const count = diagonal ? j : g.rows;
      float* values = g.column(j);
      if (nearness_ == Nearness::distance)  // half of minus the squared distance
        for (Index i = 0; i < count; ++i)
          values[i] -= half_norms_[static_cast<std::size_t>(row + i)] + half_norms_[static_cast<std::size_t>(col + j)];
      if (std::isinf(column.threshold))
        column.threshold = surely_among_largest({values, static_cast<std::size_t>(count)}, k_) -
                           margins_[static_cast<std::size_t>(col + j)];
      mark_above({values, static_cast<std::size_t>(count)}, thresholds, column.threshold, marks);
      for_each_mark(marks, count, [&](Index i) {
        float& threshold = thresholds[static_cast<std::size_t>(i)];
        if (values[i] > threshold) {
          Candidates& own = candidates_[static_cast<std::size_t>(row + i)];
          own.add(values[i], col + j, k_, margins_[static_cast<std::size_t>(row + i)]);
          threshold = own.threshold;
        }
        if (values[i] > column.threshold) column.add(values[i], row + i, k_, margins_[static_cast<std::size_t>(col + j)]);
      });
    }
  }

  Index k_;
  Nearness nearness_;
  bool short_ = false;
  ShortMatrix codes_;
  Matrix<float> rows_;
  std::vector<float> half_norms_, margins_;
  std::vector<Candidates> candidates_;
};

}  // namespace

NeighbourLists nearest_neighbours(MatrixView<double const> samples, Index k, Nearness nearness) {
  NeighbourLists lists;
  lists.samples = samples.cols;
  lists.k = std::min(k, samples.cols - 1);
  if (lists.k < 1) return lists;
  std::vector<double> norms;
  for (Index i = 0; i < samples.cols; ++i) norms.push_back(dot(samples.column_span(i), samples.column_span(i)));
  Search search(samples, norms, lists.k, nearness);
  auto& candidates = search.run();
  double const largest = *std::max_element(norms.begin(), norms.end());
  double const grid = largest > 0 ? 1e12 / largest : 0;

  struct Ranked {
    std::int64_t nearness;
    std::int32_t index;
    double inner_product;
  };
  std::vector<Ranked> ranked;
  for (Index i = 0; i < samples.cols; ++i) {
    auto const at = static_cast<std::size_t>(i);
    ranked.clear();
    for (std::int32_t const candidate : candidates[at].finish(lists.k, search.margin(at))) {
      auto const own = samples.column_span(i), other = samples.column_span(candidate);
      double const product = dot(own, other);
      double const value = nearness == Nearness::distance ? -squared_distance(own, other) : product;
      ranked.push_back({std::llrint(value * grid), candidate, product});
    }
    std::sort(ranked.begin(), ranked.end(), [](Ranked const& a, Ranked const& b) {
      return a.nearness != b.nearness ? a.nearness > b.nearness : a.index < b.index;
    });
    for (Index r = 0; r < lists.k; ++r) {
      lists.indices.push_back(ranked[static_cast<std::size_t>(r)].index);
      lists.inner_products.push_back(ranked[static_cast<std::size_t>(r)].inner_product);
    }
  }
  return lists;
}

}  // namespace confer
