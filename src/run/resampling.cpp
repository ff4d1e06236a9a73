#include "run/resampling.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "confer/dist/hand_out.hpp"
#include "confer/io/basis_writer.hpp"
#include "confer/linalg/dense.hpp"
#include "confer/linalg/factor.hpp"
#include "confer/linalg/reweighted_factor.hpp"
#include "run/random_samples.hpp"

namespace confer {

namespace {

constexpr Index rows_at_once = 4096;
constexpr Index loadings_at_once = Index{1} << 20;  ///< values

std::string seed_text(Draw const& draw, std::string const& of) {
  return (draw.kind == Resampling::bootstrap ? "bootstrap " : "permutation ") + std::to_string(draw.number) + "\n" + of;
}

/// What tells the factors of a draw from those of others.
std::string draw_text(Draw const& draw) {
  switch (draw.kind) {
    case Resampling::bootstrap:
      return " drawn " + std::to_string(draw.number);
    case Resampling::permutation:
      return " permuted " + std::to_string(draw.number);
    case Resampling::jackknife:
      return " without " + std::to_string(draw.number) + " of " + std::to_string(draw.blocks);
  }
  return {};
}

/// One representation and the key of its drawn factor.
template <class T>
class Resampler {
 public:
  Resampler(ResamplingSource const& source, std::size_t index, Draw const& draw, std::string const& key)
      : source_(source),
        store_(source.store),
        from_(source.factors.keys[index]),
        before_(source.factors.summaries[index]),
        representation_(source.representations[index]),
        draw_(draw),
        config_(source.config),
        key_(key),
        band_rows_(std::min(rows_at_once, before_.rows)) {}

  FactorSummary run() { return draw_.kind == Resampling::permutation ? permute() : reweigh(); }

 private:
  FactorSummary reweigh();
  FactorSummary permute();

  Matrix<T> read_band(Index band) const {
    Index const begin = band * band_rows_;
    Matrix<T> rows(std::min(band_rows_, before_.rows - begin), before_.kept);
    store_.read_basis(from_, begin, rows.view());
    return rows;
  }
  /// Reads the loadings range by range and writes what `turn` makes of each, with the number of its first feature.
  void turn_loadings(BasisWriter& out, std::function<Matrix<T>(Matrix<T>, Index)> const& turn) const {
    for (Index range = 0; range < out.shape().feature_ranges(); ++range) {
      Index const begin = range * out.shape().feature_range;
      Matrix<T> loadings(before_.kept, out.shape().features_of(range));
      store_.read_loadings(from_, begin, loadings.view());
      out.write_loadings(range, turn(std::move(loadings), begin).const_view());
    }
  }
  BasisShape shape(Index kept) const {
    BasisShape shape;
    shape.value_bytes = static_cast<Index>(sizeof(T));
    shape.rows = before_.rows;
    shape.kept = kept;
    shape.features = store_.stored_features(from_);
    shape.band_rows = band_rows_;
    shape.feature_range =
        std::clamp(loadings_at_once / std::max<Index>(before_.kept, 1), Index{1}, std::max<Index>(shape.features, 1));
    return shape;
  }
  BasisWriter writer(BasisShape const& shape) const {
    return {store_, key_, std::to_string(draw_.number), shape, BasisWriter::Role::creates};
  }

  ResamplingSource const& source_;
  BasisStore const& store_;
  std::string const& from_;
  FactorSummary const& before_;
  Representation const& representation_;
  Draw const draw_;
  JobConfig const& config_;
  std::string const& key_;
  Index band_rows_;
};

template <class T>
FactorSummary Resampler<T>::reweigh() {
  std::vector<double> const counts = sample_counts(draw_, representation_.samples);
  auto const weights = [&](Index begin, Index count) {
    std::vector<double> of_rows;
    for (Index row = begin; row < begin + count; ++row)
      of_rows.push_back(counts[static_cast<std::size_t>(row / representation_.rows_per_sample)]);
    return of_rows;
  };
  WeightedMoments moments(before_.kept);
  Index const bands = shape(1).bands();
  for (Index band = 0; band < bands; ++band) {
    Matrix<T> const stored = read_band(band);
    Matrix<double> rows(stored.rows(), stored.cols());
    std::copy_n(stored.data(), stored.size(), rows.data());
    moments.add(rows, weights(band * band_rows_, rows.rows()));
  }
  ReweightedFactor const drawn = reweight(moments, before_.singular_values, before_.cut);

  Index const rank = drawn.rank();
  BasisWriter out = writer(shape(rank));
  Matrix<T> rotation(before_.kept, rank);
  std::copy_n(drawn.rotation.data(), drawn.rotation.size(), rotation.data());
  double sum_squared_norms = 0;
  for (Index band = 0; band < bands; ++band) {
    Matrix<T> rows = read_band(band);
    std::vector<double> const w = weights(band * band_rows_, rows.rows());
    for (Index j = 0; j < rows.cols(); ++j)
      for (Index i = 0; i < rows.rows(); ++i)
        rows(i, j) = static_cast<T>(std::sqrt(w[static_cast<std::size_t>(i)]) *
                                    (static_cast<double>(rows(i, j)) - drawn.mean[static_cast<std::size_t>(j)]));
    Matrix<T> basis(rows.rows(), rank);
    gemm(T{1}, rows.const_view(), Op::none, rotation.const_view(), Op::none, T{0}, basis.view());
    // Norms of rows that count w times stand with sqrt(w): products of two sides' norms then count w times.
    std::vector<double> norms(w.size(), 0.0);
    for (Index j = 0; j < rank; ++j)
      for (Index i = 0; i < basis.rows(); ++i) {
        double const value = static_cast<double>(basis(i, j)) * drawn.singular_values[static_cast<std::size_t>(j)];
        norms[static_cast<std::size_t>(i)] += value * value;
      }
    for (std::size_t i = 0; i < w.size(); ++i) {
      norms[i] = w[i] > 0 ? norms[i] / std::sqrt(w[i]) : 0;
      sum_squared_norms += norms[i] * norms[i];
    }
    out.write_band(band, basis.const_view(), norms);
  }
  FactorSummary summary = before_;
  summary.rows = std::llround(moments.weight);  // of the jackknife fewer
  summary.singular_values = drawn.singular_values;
  summary.kept = rank;
  summary.total_variance = summary.sum_fourth_powers = 0;
  for (double const s : drawn.singular_values) {
    summary.total_variance += s * s;
    summary.sum_fourth_powers += s * s * s * s;
  }
  summary.sum_squared_row_norms = sum_squared_norms;
  Matrix<T> turn(rank, before_.kept);
  for (Index j = 0; j < before_.kept; ++j)  // the stored ones are diag(s) V' in units of the largest s
    for (Index i = 0; i < rank; ++i)
      turn(i, j) = static_cast<T>(drawn.loadings(i, j) / before_.singular_values[static_cast<std::size_t>(j)]);
  turn_loadings(out, [&](Matrix<T> const& loadings, Index begin) {
    for (Index j = 0; j < loadings.cols() && !summary.means.empty(); ++j)
      for (Index k = 0; k < loadings.rows(); ++k)
        summary.means[static_cast<std::size_t>(begin + j)] += before_.singular_values.front() *
                                                              static_cast<double>(loadings(k, j)) *
                                                              drawn.mean[static_cast<std::size_t>(k)];
    Matrix<T> turned(rank, loadings.cols());
    gemm(T{1}, turn.const_view(), Op::none, loadings.const_view(), Op::none, T{0}, turned.view());
    return turned;
  });
  summary.components = config_.compare.components
                           ? std::min(*config_.compare.components, rank)
                           : components_for_variance(drawn.singular_values, config_.compare.variance);
  if (rank == 0) summary.status = RepresentationStatus::constant;
  out.finish(summary, {});
  return summary;
}

template <class T>
FactorSummary Resampler<T>::permute() {
  std::mt19937_64 random = random_numbers(seed_text(draw_, representation_.label));
  std::vector<Index> const order = random_order(random, representation_.samples);
  Index const per_sample = representation_.rows_per_sample;
  std::vector<Index> place(order.size());  // of each sample in the new order
  for (std::size_t i = 0; i < order.size(); ++i) place[static_cast<std::size_t>(order[i])] = static_cast<Index>(i);
  BasisShape const form = shape(before_.kept);
  BasisWriter out = writer(form);
  // As many bands at once as may be held: all rows are read once for them.
  Index const band_bytes = band_rows_ * std::max<Index>(before_.kept, 1) * static_cast<Index>(sizeof(T));
  Index const together = std::max<Index>(1, static_cast<Index>(source_.permuted_bytes) / band_bytes);
  for (Index first = 0; first < form.bands(); first += together) {
    Index const end = std::min(first + together, form.bands());
    std::vector<Matrix<T>> bands;
    std::vector<std::vector<double>> norms;
    for (Index band = first; band < end; ++band) {
      bands.emplace_back(form.rows_of(band), before_.kept);
      norms.emplace_back(static_cast<std::size_t>(form.rows_of(band)));
    }
    for (Index window = 0; window < form.bands(); ++window) {
      Matrix<T> const rows = read_band(window);
      std::vector<double> of_rows(static_cast<std::size_t>(rows.rows()));
      store_.read_row_norms(from_, window * band_rows_, of_rows);
      for (Index i = 0; i < rows.rows(); ++i) {
        Index const row = window * band_rows_ + i;
        Index const to = place[static_cast<std::size_t>(row / per_sample)] * per_sample + row % per_sample;
        if (to / band_rows_ < first || to / band_rows_ >= end) continue;
        auto const band = static_cast<std::size_t>(to / band_rows_ - first);
        for (Index j = 0; j < rows.cols(); ++j) bands[band](to % band_rows_, j) = rows(i, j);
        norms[band][static_cast<std::size_t>(to % band_rows_)] = of_rows[static_cast<std::size_t>(i)];
      }
    }
    for (Index band = first; band < end; ++band)
      out.write_band(band, bands[static_cast<std::size_t>(band - first)].const_view(),
                     norms[static_cast<std::size_t>(band - first)]);
  }
  turn_loadings(out, [](Matrix<T> loadings, Index) { return loadings; });
  out.finish(before_, {});
  return before_;
}

}  // namespace

std::vector<double> sample_counts(Draw const& draw, Index samples) {
  if (draw.kind == Resampling::jackknife) {
    std::vector<double> counts(static_cast<std::size_t>(samples), 1.0);
    for (Index const row : rows_of_block(samples, 1, draw.blocks, draw.number))
      counts[static_cast<std::size_t>(row)] = 0;
    return counts;
  }
  std::mt19937_64 random = random_numbers(seed_text(draw, std::to_string(samples)));
  std::vector<double> counts(static_cast<std::size_t>(samples), 0.0);
  for (Index i = 0; i < samples; ++i) ++counts[static_cast<std::size_t>(below(random, samples))];
  return counts;
}

std::optional<FactoredSet> resampled_factors(Communicator const& comm, Communicator const& node,
                                             ResamplingSource const& source, Draw const& draw, bool visible_everywhere,
                                             std::function<bool()> const& stop_requested) {
  FactoredSet drawn;
  std::vector<Index> items;
  for (std::size_t i = 0; i < source.factors.keys.size(); ++i) {
    drawn.summaries.push_back(source.factors.summaries[i]);
    bool const present = usable(drawn.summaries.back().status);
    if (present) items.push_back(static_cast<Index>(i));
    drawn.keys.push_back(present ? content_key(source.factors.keys[i] + draw_text(draw)) : std::string());
  }
  std::stable_sort(items.begin(), items.end(), [&](Index a, Index b) {
    auto const size = [&](Index i) {
      auto const& s = source.factors.summaries[static_cast<std::size_t>(i)];
      return s.rows * s.kept * s.kept;
    };
    return size(a) > size(b);
  });
  std::vector<Index> owner(drawn.keys.size(), 0);
  std::vector<std::pair<Index, FactorSummary>> made;
  HandOutOptions options;
  options.stop_requested = stop_requested;
  HandOutResult const handed = hand_out(
      comm, std::ssize(items),
      [&](Index item, std::function<void()> const& poll) {
        Index const index = items[static_cast<std::size_t>(item)];
        auto const i = static_cast<std::size_t>(index);
        made.emplace_back(index, source.config.compare.exact ? Resampler<double>(source, i, draw, drawn.keys[i]).run()
                                                             : Resampler<float>(source, i, draw, drawn.keys[i]).run());
        owner[i] = comm.rank();
        poll();
      },
      options);
  if (handed.stopped) return std::nullopt;
  gather_summaries(comm, made, drawn.summaries);
  comm.all_sum(owner);
  if (!visible_everywhere) share_between_nodes(comm, node, source.store, drawn.keys, owner);
  comm.barrier();
  return drawn;
}

void discard_factors(Communicator const& comm, Communicator const& node, FactoredSet const& drawn,
                     BasisStore const& store) {
  comm.barrier();  // nobody reads them any more
  if (node.is_root())
    for (auto const& key : drawn.keys)
      if (!key.empty()) store.remove(key);
}

}  // namespace confer
