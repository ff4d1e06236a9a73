#include <algorithm>
#include <cmath>

#include "confer/linalg/dense.hpp"
#include "confer/theory/embedding_maps.hpp"
#include "run/match_parts.hpp"

namespace confer {

namespace {

constexpr Index most_looked_up = 4096;  ///< held-out rows among which embeddings are looked for

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// Means of the fitted samples and deviations of all, per live neuron: values are deviation x standardised.
struct Units {
  std::vector<double> fitted_mean;  ///< standardised
  std::vector<double> deviation, mean;

  explicit Units(NeuronSide& side) {
    auto const& fitted = side.within()[0];
    for (Index k = 0; k < side.live(); ++k) {
      fitted_mean.push_back(fitted.sum[at(k)] / static_cast<double>(fitted.rows));
      deviation.push_back(side.deviation(k));
      mean.push_back(side.mean(k));
    }
  }
};

/// Products of a half as stored, about the means of the fitted samples.
Matrix<double> products_of(MatrixView<double const> products, HalfMoments const& x, HalfMoments const& y,
                           Units const& ux, Units const& uy) {
  Matrix<double> result(products.rows, products.cols);
  auto const n = static_cast<double>(x.rows);
  for (Index j = 0; j < products.cols; ++j)
    for (Index i = 0; i < products.rows; ++i) {
      double const mx = ux.fitted_mean[at(i)], my = uy.fitted_mean[at(j)];
      result(i, j) = (products(i, j) - mx * y.sum[at(j)] - my * x.sum[at(i)] + n * mx * my) * ux.deviation[at(i)] *
                     uy.deviation[at(j)];
    }
  return result;
}

/// Held-out rows as stored, live x rows, every `stride`-th of them; `samples` are their numbers.
Matrix<double> held_out_rows(NeuronSide& side, Units const& units, Index stride, Index count, Index rows_per_sample,
                             std::vector<Index>& samples) {
  Matrix<double> result(side.live(), count);
  samples.clear();
  Index seen = 0, kept = 0, first_sample = 0;
  for (Index b = 0; b < side.blocks(); ++b) {
    auto const block = side.block(b);
    Index const fitted = side.fitted_rows(b);
    for (Index i = fitted; i < block.cols; ++i, ++seen) {
      if (seen % stride != 0 || kept == count) continue;
      for (Index k = 0; k < side.live(); ++k)
        result(k, kept) = block(k, i) * units.deviation[at(k)] + units.mean[at(k)];
      samples.push_back(first_sample + 2 * ((i - fitted) / rows_per_sample) + 1);
      ++kept;
    }
    first_sample += block.cols / rows_per_sample;
  }
  return result;
}

struct Direction {
  NeuronSide &from, &to;
  Units const &from_units, &to_units;
  std::array<Matrix<double>, 2> source, target, cross;  ///< per half
  Matrix<double> const &rows, &gallery;

  MapMoments moments(std::size_t half) const {
    return {source[half], target[half], cross[half], from.within()[half].rows};
  }
};

EmbeddingMap identity_by_number(NeuronSide const& from, NeuronSide const& to) {
  EmbeddingMap map{Matrix<double>(from.live(), to.live()), 0};
  for (Index i = 0; i < from.live(); ++i)
    for (Index j = 0; j < to.live(); ++j)
      map.weights(i, j) = from.live_neurons()[at(i)] == to.live_neurons()[at(j)] ? 1 : 0;
  return map;
}

/// Squares that the map by number sends to neurons of the other side that never vary, where each of them is an error.
double sent_to_dead(Direction const& d, std::size_t half) {
  double squares = 0;
  for (Index i = 0; i < d.from.live(); ++i) {
    Index const number = d.from.live_neurons()[at(i)];
    if (number < d.to.features() && !std::ranges::binary_search(d.to.live_neurons(), number))
      squares += d.source[half](i, i);
  }
  return squares;
}

MatchedMap judge(Direction const& d, MapKind kind, std::vector<Index> const& labels) {
  bool const by_number = kind == MapKind::identity;
  EmbeddingMap const map = by_number ? identity_by_number(d.from, d.to) : fit_map(kind, d.moments(0));
  MatchedMap result;
  result.penalty = map.penalty;
  result.r2_fitted = map_r2(map, d.moments(0), by_number ? sent_to_dead(d, 0) : 0.0);
  result.r2 = map_r2(map, d.moments(1), by_number ? sent_to_dead(d, 1) : 0.0);
  // Embeddings are looked for by their directions from the origin, so the target's mean comes back in.
  Matrix<double> centred = d.rows, mapped(d.to.live(), d.rows.cols());
  auto const origin = [](Units const& units, Index k) {
    return units.mean[at(k)] + units.fitted_mean[at(k)] * units.deviation[at(k)];
  };
  for (Index i = 0; i < centred.cols(); ++i)
    for (Index k = 0; k < centred.rows(); ++k) centred(k, i) -= origin(d.from_units, k);
  gemm(1.0, map.weights, Op::transpose, centred, Op::none, 0.0, mapped);
  for (Index i = 0; i < mapped.cols(); ++i)
    for (Index k = 0; k < mapped.rows(); ++k) mapped(k, i) += origin(d.to_units, k);
  Retrieval const found = retrieve(mapped, d.gallery, labels);
  result.rank1 = found.rank1;
  result.same_class = found.same_class;
  return result;
}

}  // namespace

void add_maps(PairProducts const& pair, std::vector<Index> const& labels, Index rows_per_sample, MatchedPair& result,
              std::function<void()> const& poll) {
  auto const &within_a = pair.a.within(), &within_b = pair.b.within();
  Index const held_out = within_a[1].rows;
  if (held_out == 0) return;
  Units const a(pair.a), b(pair.b);
  Index const stride = (held_out + most_looked_up - 1) / most_looked_up;
  result.map_rows = (held_out + stride - 1) / stride;
  std::vector<Index> samples;
  Matrix<double> const rows_a = held_out_rows(pair.a, a, stride, result.map_rows, rows_per_sample, samples);
  Matrix<double> const rows_b = held_out_rows(pair.b, b, stride, result.map_rows, rows_per_sample, samples);
  std::vector<Index> classes;
  if (!labels.empty())
    for (Index const sample : samples) classes.push_back(labels[at(sample)]);
  std::array<Matrix<double>, 2> own_a, own_b, there, back;
  for (std::size_t h = 0; h < 2; ++h) {
    own_a[h] = products_of(within_a[h].products, within_a[h], within_a[h], a, a);
    own_b[h] = products_of(within_b[h].products, within_b[h], within_b[h], b, b);
    there[h] = products_of(pair.cross[h], within_a[h], within_b[h], a, b);
    back[h] = Matrix<double>(there[h].cols(), there[h].rows());
    for (Index j = 0; j < there[h].cols(); ++j)
      for (Index i = 0; i < there[h].rows(); ++i) back[h](j, i) = there[h](i, j);
  }
  Direction const directions[] = {{pair.b, pair.a, b, a, own_b, own_a, std::move(back), rows_b, rows_a},
                                  {pair.a, pair.b, a, b, own_a, own_b, std::move(there), rows_a, rows_b}};
  for (auto const& direction : directions)
    for (auto const kind : {MapKind::identity, MapKind::procrustes, MapKind::linear, MapKind::ridge}) {
      result.maps.push_back(judge(direction, kind, classes));
      poll();
    }
}

}  // namespace confer
