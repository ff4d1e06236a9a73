#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "confer/linalg/dense.hpp"
#include "confer/linalg/middle_value.hpp"
#include "confer/linalg/pair_distances.hpp"
#include "confer/linalg/tile_functions.hpp"
#include "linalg/near_samples.hpp"
#include "linalg/select_between.hpp"

namespace confer {

namespace {

/// So many samples tell about where the median lies: within this share of the distances on either side.
constexpr Index sketch_samples = 256;
constexpr double sketch_margin = 0.1;
/// Of the squared norms of two samples, what their squared distance must exceed to have digits in single precision.
constexpr double unresolved = 2e-6;

/// Samples in single or double precision.
template <class T>
struct DenseSamples {
  using Value = T;
  static constexpr Index smallest_block = 128, largest_rows = 512, largest_columns = 512;
  Matrix<T> owned;
  MatrixView<T const> view;

  Index count() const { return view.cols; }
  DenseSamples spaced(Index count) const {
    DenseSamples part{Matrix<T>(view.rows, count), {}};
    for (Index k = 0; k < count; ++k)
      std::copy_n(view.column(k * view.cols / count), view.rows, part.owned.view().column(k));
    part.view = part.owned.const_view();
    return part;
  }
  void products(Index left, Index right, MatrixView<T> g) const {
    gemm(T{1}, view.block(0, left, view.rows, g.rows), Op::transpose, view.block(0, right, view.rows, g.cols), Op::none,
         T{0}, g);
  }
};

/// Samples in 16 bits.
struct CodedSamples {
  using Value = float;
  // Products of narrow blocks are as fast, and stay in the first cache.
  static constexpr Index smallest_block = 128, largest_rows = 256, largest_columns = 32;
  ShortMatrix owned;
  ShortSamples view;

  Index count() const { return view.samples; }
  CodedSamples spaced(Index count) const {
    CodedSamples part{evenly_spaced(view, count), {}};
    part.view = part.owned.view();
    return part;
  }
  void products(Index left, Index right, MatrixView<float> g) const {
    short_products(view, left, right, g, left == right ? ProductPart::lower : ProductPart::all);
  }
};

/// Samples and their squared norms.
template <class Samples>
struct Cloud {
  using Value = typename Samples::Value;
  Samples samples;
  std::vector<Value> norms;

  Index pairs() const { return samples.count() * (samples.count() - 1) / 2; }

  /// `count` of them, evenly spaced.
  Cloud spaced(Index count) const {
    Cloud part{samples.spaced(count), {}};
    for (Index k = 0; k < count; ++k) part.norms.push_back(norms[static_cast<std::size_t>(k * samples.count() / count)]);
    return part;
  }
};

template <class Samples>
void to_distances(Cloud<Samples> const& cloud, Index left, Index right, MatrixView<float> g) {
  std::span<float const> const norms = cloud.norms;
  near_distance_tile(g, norms.subspan(static_cast<std::size_t>(left)), norms.subspan(static_cast<std::size_t>(right)));
}

void to_distances(Cloud<DenseSamples<double>> const& cloud, Index left, Index right, MatrixView<double> g) {
  for (Index j = 0; j < g.cols; ++j)
    for (Index i = 0; i < g.rows; ++i) {
      double const both =
          cloud.norms[static_cast<std::size_t>(left + i)] + cloud.norms[static_cast<std::size_t>(right + j)];
      g(i, j) = squared_distance(cloud.samples.view, left + i, right + j, both, g(i, j));
    }
}

/// Calls visit(squared distances) for stretches of all pairs of the samples [begin, end), halving the range: what
/// lies off the diagonal comes in blocks large enough to multiply fast.
template <class Samples, class T, class Visit>
void each_stretch(Cloud<Samples> const& cloud, Index begin, Index end, Matrix<T>& products, Visit const& visit) {
  constexpr Index smallest = Samples::smallest_block, most_rows = Samples::largest_rows, most = Samples::largest_columns;
  auto const visit_block = [&](Index left, Index rows, Index right, Index cols) {
    auto const g = products.view().block(0, 0, rows, cols);
    cloud.samples.products(left, right, g);
    to_distances(cloud, left, right, g);
    for (Index j = 0; j < cols; ++j) {
      Index const first = left == right ? j + 1 : 0;
      visit(std::span<T const>(g.column(j) + first, static_cast<std::size_t>(rows - first)));
    }
  };
  if (end - begin <= smallest) return visit_block(begin, end - begin, begin, end - begin);
  Index const half = (end - begin) / 2, middle = begin + (half + short_group - 1) / short_group * short_group;
  each_stretch(cloud, begin, middle, products, visit);
  each_stretch(cloud, middle, end, products, visit);
  for (Index left = begin; left < middle; left += most_rows)
    for (Index right = middle; right < end; right += most)
      visit_block(left, std::min(most_rows, middle - left), right, std::min(most, end - right));
}

/// The squared distances in [low, high], and how many are smaller.
template <class T>
struct Bracket {
  T low = 0, high = std::numeric_limits<T>::infinity();
  Index below = 0, inside = 0;
  T near = 0;  // squared distances from here down are near
  Index near_ones = 0;
  Matrix<T> values = {};  // the first `inside` of them

  template <class Samples>
  void collect(Cloud<Samples> const& cloud) {
    constexpr Index smallest = Samples::smallest_block;
    Matrix<T> products(std::max(smallest, Samples::largest_rows), std::max(smallest, Samples::largest_columns),
                       Uninitialised());
    reserve(std::isinf(high) ? cloud.pairs() : cloud.pairs() / 4);
    each_stretch(cloud, 0, cloud.samples.count(), products, [this](std::span<T const> stretch) {
      auto const size = static_cast<Index>(stretch.size());
      near_ones += count_below(stretch, near);
      if (values.size() < inside + size + select_margin) reserve(2 * (inside + size));
      Selected const found = select_between(stretch.data(), size, low, high, values.data() + inside);
      inside += found.inside;
      below += found.below;
    });
  }
  void reserve(Index count) {
    Matrix<T> larger(count + select_margin, 1, Uninitialised());
    std::copy_n(values.data(), inside, larger.data());
    values = std::move(larger);
  }
  bool holds(Index place) const { return place >= below && place < below + inside; }
  /// The values at two places in the order of all, first <= second, both of which it holds.
  std::pair<T, T> at(Index first, Index second) const;
};

/// Many values are counted into buckets first, and only those of the buckets in question put in order.
template <class T>
std::pair<T, T> Bracket<T>::at(Index first, Index second) const {
  constexpr std::int32_t buckets = 2048;
  T const* const all = values.data();
  T const least = std::isinf(high) ? *std::min_element(all, all + inside) : low;
  T const most = std::isinf(high) ? *std::max_element(all, all + inside) : high;
  T const scale = static_cast<T>(buckets - 1) / (most - least);
  T from = least, to = most;
  if (std::isfinite(scale)) {
    std::array<std::int32_t, buckets> counts{};
    for (Index i = 0; i < inside; ++i) ++counts[static_cast<std::size_t>(static_cast<std::int32_t>((all[i] - least) * scale))];
    std::size_t begin = 0, end = 0;
    for (Index reached = below; reached <= second; ++end) {
      reached += counts[end];
      if (reached <= first) begin = end + 1;
    }
    // A bucket more on either side makes up for rounding.
    from = std::max(least, least + (static_cast<T>(begin) - 1) / scale);
    to = std::min(most, least + (static_cast<T>(end) + 1) / scale);
  }
  Matrix<T> few(inside + select_margin, 1, Uninitialised());
  Selected const found = select_between(all, inside, from, to, few.data());
  auto const place = [&](Index number) {
    T* const middle = few.data() + (number - below - found.below);
    std::nth_element(few.data(), middle, few.data() + found.inside);
    return *middle;
  };
  T const value = place(first);
  return {value, second == first ? value : place(second)};
}

/// Where the median of all lies in all likelihood.
template <class Samples>
Bracket<typename Samples::Value> likely_bracket(Cloud<Samples> const& cloud) {
  if (cloud.samples.count() <= 2 * sketch_samples) return {};
  Cloud<Samples> const sketch = cloud.spaced(sketch_samples);
  Bracket<typename Samples::Value> all;
  all.collect(sketch);
  auto const place = [&](double share) { return static_cast<Index>(share * static_cast<double>(sketch.pairs())); };
  auto const [low, high] = all.at(place(0.5 - sketch_margin), place(0.5 + sketch_margin));
  return {low, high};
}

template <class Samples>
DistanceSummary summarise(Samples samples, std::span<double const> squared_norms) {
  if (samples.count() < 2) return {std::numeric_limits<double>::quiet_NaN()};
  Cloud<Samples> cloud{std::move(samples), {squared_norms.begin(), squared_norms.end()}};
  if (cloud.samples.count() > median_samples) cloud = cloud.spaced(median_samples);
  Index const upper = cloud.pairs() / 2, lower = (cloud.pairs() - 1) / 2;
  auto const near = static_cast<typename Samples::Value>(unresolved * 2 * middle_value(squared_norms));
  auto bracket = likely_bracket(cloud);
  bracket.near = near;
  bracket.collect(cloud);
  if (!bracket.holds(lower) || !bracket.holds(upper)) {
    bracket = {};
    bracket.near = near;
    bracket.collect(cloud);
  }
  auto const [before, after] = bracket.at(lower, upper);
  return {(std::sqrt(static_cast<double>(before)) + std::sqrt(static_cast<double>(after))) / 2,
          static_cast<double>(bracket.near_ones) / static_cast<double>(cloud.pairs())};
}

}  // namespace

DistanceSummary summarise_distances(MatrixView<float const> samples, std::span<double const> squared_norms) {
  return summarise(DenseSamples<float>{{}, samples}, squared_norms);
}
DistanceSummary summarise_distances(MatrixView<double const> samples, std::span<double const> squared_norms) {
  return summarise(DenseSamples<double>{{}, samples}, squared_norms);
}
DistanceSummary summarise_distances(ShortSamples const& samples, std::span<double const> squared_norms) {
  return summarise(CodedSamples{{}, samples}, squared_norms);
}

}  // namespace confer
