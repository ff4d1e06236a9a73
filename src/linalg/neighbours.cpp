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
#include "confer/linalg/middle_value.hpp"
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

bool better(Candidate const& a, Candidate const& b) {
  return a.value != b.value ? a.value > b.value : a.index < b.index;
}

/// The k-th largest value.
float kth_largest(std::span<Candidate const> candidates, Index k) {
  if (std::ssize(candidates) <= most_counted) {
    std::array<float, static_cast<std::size_t>(most_counted)> values;
    std::transform(candidates.begin(), candidates.end(), values.begin(), [](Candidate const& c) { return c.value; });
    return kth_largest_of_few(std::span(values).first(candidates.size()), k);
  }
  std::vector<float> values;
  for (Candidate const& candidate : candidates) values.push_back(candidate.value);
  auto const kth = values.begin() + (k - 1);
  std::nth_element(values.begin(), kth, values.end(), std::greater<>());
  return *kth;
}

/// Of one sample: everything that can still be among its k nearest. As small as can be: those of all samples are
/// visited in turn, and should stay in the cache.
class Candidates {
 public:
  Candidates() { all_.reserve(32); }
  /// threshold: of the sample; rises when there are too many.
  void add(float value, Index index, Index k, float margin, float& threshold) {
    all_.push_back({value, static_cast<std::int32_t>(index)});
    if (all_.size() < all_.capacity()) return;
    shrink(k, margin, threshold);
    all_.reserve(std::max<std::size_t>(2 * all_.size(), static_cast<std::size_t>(2 * k + 8)));
  }
  /// The nearest first.
  std::vector<Candidate>& finish(Index k, float margin, float& threshold) {
    shrink(k, margin, threshold);
    std::sort(all_.begin(), all_.end(), better);
    return all_;
  }

 private:
  void shrink(Index k, float margin, float& threshold) {
    if (std::ssize(all_) <= k) return;
    threshold = kth_largest(all_, k) - margin;
    std::size_t kept = 0;
    for (Candidate const candidate : all_) {
      all_[kept] = candidate;
      kept += static_cast<std::size_t>(candidate.value >= threshold);
    }
    auto const most = static_cast<std::size_t>(std::max<Index>(1024, 16 * k));
    if (kept > most)
      std::nth_element(all_.begin(), all_.begin() + std::ptrdiff_t(most), all_.begin() + std::ptrdiff_t(kept), better);
    all_.resize(std::min(kept, most));
  }
  std::vector<Candidate> all_;
};

double squared_distance(std::span<double const> a, std::span<double const> b) {
  double sums[4] = {};
  std::size_t k = 0;
  for (; k + 4 <= a.size(); k += 4)
    for (std::size_t lane = 0; lane < 4; ++lane)
      sums[lane] += (a[k + lane] - b[k + lane]) * (a[k + lane] - b[k + lane]);
  for (; k < a.size(); ++k) sums[0] += (a[k] - b[k]) * (a[k] - b[k]);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/// Marks of the samples of a tile.
constexpr Index marks_together = 64;
using Marks = std::array<unsigned char, tile>;
static_assert(tile % marks_together == 0);

/// Which of 64 marks have a bit set.
std::uint64_t set_marks(unsigned char const* marks, int bit) {
  static_assert(std::endian::native == std::endian::little, "the first mark is the lowest byte of a word");
  constexpr std::uint64_t lowest_bits = 0x0101010101010101, to_highest_byte = 0x0102040810204080;
  std::uint64_t set = 0;
  for (int byte = 0; byte < 8; ++byte) {
    std::uint64_t word = 0;
    std::memcpy(&word, marks + 8 * byte, sizeof word);
    set |= ((word >> bit & lowest_bits) * to_highest_byte >> 56) << (8 * byte);
  }
  return set;
}

/// Finds the candidates of all samples tile by tile; each tile serves its rows and its columns. Products are those of
/// samples in 16 bits where these are right to `short_margin`, or else in single precision.
class Search {
 public:
  /// squared_norms: of the samples times `scale`, none of them large or all of them small.
  Search(MatrixView<double const> samples, double scale, std::span<double const> squared_norms, Index k,
         Nearness nearness)
      : k_(k),
        nearness_(nearness),
        rows_(samples.rows, samples.cols, Uninitialised()),
        margins_(static_cast<std::size_t>(samples.cols)),
        thresholds_(static_cast<std::size_t>(samples.cols), -std::numeric_limits<float>::infinity()),
        candidates_(static_cast<std::size_t>(samples.cols)) {
    for (Index i = 0; i < samples.cols; ++i)
      for (Index f = 0; f < samples.rows; ++f) rows_(f, i) = static_cast<float>(scale * samples(f, i));
    for (double const norm : squared_norms) half_norms_.push_back(static_cast<float>(norm / 2));
    codes_ = shorten(rows_, std::numeric_limits<double>::infinity());
    double const largest = std::sqrt(*std::max_element(squared_norms.begin(), squared_norms.end()));
    double const error = std::sqrt(*std::max_element(codes_.lost.begin(), codes_.lost.end()));
    short_ = error <= short_margin * std::sqrt(middle_value(squared_norms));
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

  void run() {
    Matrix<float> products(tile, tile, Uninitialised());
    Index const n = std::ssize(candidates_);
    for (Index col = 0; col < n; col += tile)
      for (Index row = 0; row <= col; row += tile) {
        auto const g = products.view().block(0, 0, std::min(tile, n - row), std::min(tile, n - col));
        if (short_)
          short_products(codes_.view(), row, col, g, row == col ? ProductPart::lower : ProductPart::all);
        else
          gemm(1.0f, rows_.view().block(0, row, rows_.rows(), g.rows), Op::transpose,
               rows_.view().block(0, col, rows_.rows(), g.cols), Op::none, 0.0f, g);
        enter(g, row, col);
      }
  }
  /// Of a sample, the nearest first.
  std::vector<Candidate>& candidates(std::size_t sample) {
    return candidates_[sample].finish(k_, margins_[sample], thresholds_[sample]);
  }
  float margin(std::size_t sample) const { return margins_[sample]; }

 private:
  /// On the diagonal the strict lower triangle serves rows and columns.
  void enter(MatrixView<float> g, Index row, Index col) {
    Marks marks;
    for (Index j = 0; j < g.cols; ++j) {
      auto const at = static_cast<std::size_t>(col + j);
      Candidates& column = candidates_[at];
      float& threshold = thresholds_[at];
      Index const first = row == col ? j + 1 : 0, count = g.rows - first;
      float* const values = g.column(j) + first;
      float* const row_thresholds = thresholds_.data() + row + first;
      auto const of_row = [&](Index i) { return static_cast<std::size_t>(row + first + i); };
      if (nearness_ == Nearness::distance)  // half of minus the squared distance
        for (Index i = 0; i < count; ++i) values[i] -= half_norms_[of_row(i)] + half_norms_[at];
      std::span<float const> const all(values, static_cast<std::size_t>(count));
      if (std::isinf(threshold)) threshold = surely_among_largest(all, k_) - margins_[at];
      mark_reached(all, {row_thresholds, all.size()}, threshold, marks);
      std::fill(marks.begin() + count, marks.begin() + (count + marks_together - 1) / marks_together * marks_together,
                static_cast<unsigned char>(0));
      // Set by set and side by side: how long a set is cannot be foreseen, but what is done with each of it can.
      for (Index begin = 0; begin < count; begin += marks_together) {
        for (std::uint64_t set = set_marks(marks.data() + begin, 1); set != 0; set &= set - 1) {
          Index const i = begin + std::countr_zero(set);
          if (values[i] >= threshold) column.add(values[i], row + first + i, k_, margins_[at], threshold);
        }
        for (std::uint64_t set = set_marks(marks.data() + begin, 0); set != 0; set &= set - 1) {
          Index const i = begin + std::countr_zero(set);
          candidates_[of_row(i)].add(values[i], col + j, k_, margins_[of_row(i)], row_thresholds[i]);
        }
      }
    }
  }

  Index k_;
  Nearness nearness_;
  bool short_ = false;
  ShortMatrix codes_;
  Matrix<float> rows_;
  std::vector<float> half_norms_, margins_, thresholds_;
  std::vector<Candidates> candidates_;
};

struct Ranked {
  std::int64_t nearness;
  std::int32_t index;
};

/// Puts candidates that stand in the order of their approximate values into the exact order, as far as the first k:
/// only those that are no farther apart than `apart` need a second look. `grid`: what differs less is a tie.
void rank(MatrixView<double const> samples, Index sample, Index k, Nearness nearness, float apart, double grid,
          std::vector<Candidate>& candidates) {
  std::vector<Ranked> ranked;
  auto const own = samples.column_span(sample);
  for (std::size_t begin = 0, end = 0; begin < static_cast<std::size_t>(k); begin = end) {
    for (end = begin + 1; end < candidates.size(); ++end)
      if (candidates[end - 1].value - candidates[end].value > apart) break;
    if (end == begin + 1) continue;
    ranked.clear();
    for (std::size_t c = begin; c < end; ++c) {
      auto const other = samples.column_span(candidates[c].index);
      double const value = nearness == Nearness::distance ? -squared_distance(own, other) : dot(own, other);
      ranked.push_back({std::llrint(value * grid), candidates[c].index});
    }
    std::sort(ranked.begin(), ranked.end(), [](Ranked const& a, Ranked const& b) {
      return a.nearness != b.nearness ? a.nearness > b.nearness : a.index < b.index;
    });
    for (std::size_t c = begin; c < end; ++c) candidates[c].index = ranked[c - begin].index;
  }
}

}  // namespace

NeighbourLists nearest_neighbours(MatrixView<double const> samples, Index k, Nearness nearness,
                                  NeighbourDetail detail) {
  NeighbourLists lists;
  lists.samples = samples.cols;
  lists.k = std::min(k, samples.cols - 1);
  if (lists.k < 1) return lists;
  std::vector<double> norms;
  for (Index i = 0; i < samples.cols; ++i) norms.push_back(dot(samples.column_span(i), samples.column_span(i)));
  double const largest = *std::max_element(norms.begin(), norms.end());
  double const tie = 1e-12 * largest, grid = largest > 0 ? 1 / tie : 0;
  // Squares of values as stored may leave the range of single precision.
  double const scale = largest > 0 ? std::ldexp(1.0, -std::ilogb(largest) / 2) : 1;
  for (double& norm : norms) norm *= scale * scale;
  Search search(samples, scale, norms, lists.k, nearness);
  search.run();
  auto const two_ties = static_cast<float>(2 * tie * scale * scale);
  for (Index i = 0; i < samples.cols; ++i) {
    auto const at = static_cast<std::size_t>(i);
    auto& own = search.candidates(at);
    rank(samples, i, lists.k, nearness, search.margin(at) + two_ties, grid, own);
    for (Index r = 0; r < lists.k; ++r) {
      std::int32_t const index = own[static_cast<std::size_t>(r)].index;
      lists.indices.push_back(index);
      if (detail == NeighbourDetail::inner_products)
        lists.inner_products.push_back(dot(samples.column_span(i), samples.column_span(index)));
    }
  }
  return lists;
}

}  // namespace confer
