#include "run/neuron_job.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "confer/core/text.hpp"
#include "confer/dist/hand_out.hpp"
#include "confer/io/basis_writer.hpp"
#include "confer/linalg/dense.hpp"
#include "confer/linalg/factor.hpp"
#include "confer/model/tile_plan.hpp"
#include "confer/similarity/neurons.hpp"
#include "run/activation_source.hpp"
#include "run/compare_plan.hpp"

namespace confer {

namespace {

constexpr Index rows_per_gemm = 4096;             ///< multiplied in single precision before the sum goes on in double

/// The neurons of one representation that vary; `value_bytes` 4 or 8. Returns how many there are.
template <class T>
Index put_neurons(Catalog const& catalog, Representation const& r, BasisStore const& store, std::string const& key,
                  std::string const& token, double window_bytes) {
  Index const rows = r.rows();
  Index const sample_bytes = r.rows_per_sample * r.features * static_cast<Index>(sizeof(double));
  Index const window = std::clamp<Index>(static_cast<Index>(window_bytes) / std::max<Index>(sample_bytes, 1), 1, r.samples);
  ActivationPart part;
  part.count = r.samples;
  part.window = window;
  ActivationSource source(catalog, r, part);
  auto const read = [&](Index begin, MatrixView<double> out) { source.rows(begin, out); };
  NeuronMoments const moments = neuron_moments(rows, r.features, read);
  auto const live = static_cast<Index>(moments.live.size());
  BasisShape shape;
  shape.value_bytes = static_cast<Index>(sizeof(T));
  shape.rows = rows;
  shape.kept = live;
  shape.band_rows = std::min(rows, rows_per_block(r.features));
  shape.row_norms = false;
  BasisWriter writer(store, key, token, shape, BasisWriter::Role::creates);
  Matrix<double> raw(r.features, shape.band_rows);
  Matrix<T> band(shape.band_rows, live);
  for (Index b = 0; b < shape.bands(); ++b) {
    auto const block = raw.view().block(0, 0, r.features, shape.rows_of(b));
    read(b * shape.band_rows, block);
    if (band.rows() != block.cols) band = Matrix<T>(block.cols, live);
    standardise(moments, block, band);
    writer.write_band(b, band.const_view(), {});
  }
  FactorSummary summary;
  summary.rows = rows;
  summary.features = r.features;
  summary.kept = live;
  summary.constant_features = r.features - live;
  writer.finish(summary, {});
  return live;
}

/// Correlations of the neurons of two panels, in tiles of a plan. Pieces are computed whole and in a fixed order, so
/// that the start of a matching, which decides between equally good ones, does not depend on ranks.
template <class T>
class NeuronEngine {
 public:
  NeuronEngine(BasisStore const& store, std::vector<std::string> keys, std::vector<Index> live, TilePlan plan,
               std::vector<Measure const*> measures, std::function<bool(Index, Index)> selected, Index rows_in_memory)
      : store_(store),
        keys_(std::move(keys)),
        live_(std::move(live)),
        plan_(std::move(plan)),
        measures_(std::move(measures)),
        selected_(std::move(selected)),
        rows_in_memory_(rows_in_memory) {
    bool const match = std::any_of(measures_.begin(), measures_.end(),
                                   [](Measure const* m) { return (m->needs & needs_matching) != 0; });
    matching_ = match ? Matching::one_to_one : Matching::none;
  }

  std::vector<PairScores> compute(Tile const& tile, std::function<void()> const& poll) const {
    Panel const &rows = panel(tile.row_panel), &cols = panel(tile.col_panel);
    Matrix<double> const product = correlations(tile, poll);
    std::vector<PairScores> results;
    Index first_row = 0;
    for (std::size_t i = 0; i < rows.members.size(); ++i) {
      std::map<Index, AssignmentDuals> starts;  // neighbouring checkpoints have layers of the same width
      Index first_col = 0;
      for (std::size_t j = 0; j < (tile.row_panel == tile.col_panel ? i : cols.members.size()); ++j) {
        Index const row = rows.members[i], col = cols.members[j], p = live(row), q = live(col);
        if (selected_(row, col)) {
          NeuronPair pair = pair_neurons(product.view().block(first_row, first_col, p, q), matching_, starts[q]);
          starts[q] = std::move(pair.duals);
          results.push_back(score(row, col, pair));
          poll();
        }
        first_col += q;
      }
      first_row += live(rows.members[i]);
    }
    return results;
  }

  TilePlan const& plan() const { return plan_; }

 private:
  Panel const& panel(Index number) const { return plan_.panels[static_cast<std::size_t>(number)]; }
  Index live(Index member) const { return live_[static_cast<std::size_t>(member)]; }

  Matrix<T> rows_of(Panel const& panel, Index begin, Index count) const {
    Matrix<T> values(count, panel.columns);
    Index first = 0;
    for (Index const member : panel.members) {
      store_.read_basis(keys_[static_cast<std::size_t>(member)], begin,
                        values.view().block(0, first, count, live(member)));
      first += live(member);
    }
    return values;
  }

  Matrix<double> correlations(Tile const& tile, std::function<void()> const& poll) const {
    Panel const &rows = panel(tile.row_panel), &cols = panel(tile.col_panel);
    Matrix<double> sum(rows.columns, cols.columns);
    Matrix<T> part;
    for (Index begin = 0; begin < rows.rows; begin += rows_in_memory_) {
      Index const slab = std::min(rows_in_memory_, rows.rows - begin);
      Matrix<T> const left = rows_of(rows, begin, slab);
      std::optional<Matrix<T>> other;
      if (tile.row_panel != tile.col_panel) other = rows_of(cols, begin, slab);
      Matrix<T> const& right = other ? *other : left;
      for (Index at = 0; at < slab; at += rows_per_gemm) {
        Index const count = std::min(rows_per_gemm, slab - at);
        add_product(left.view().block(at, 0, count, left.cols()), right.view().block(at, 0, count, right.cols()), part,
                    sum);
        poll();
      }
    }
    return sum;
  }

  static void add_product(MatrixView<T const> left, MatrixView<T const> right, Matrix<T>& part, Matrix<double>& sum) {
    if constexpr (std::is_same_v<T, double>) {
      gemm(1.0, left, Op::transpose, right, Op::none, 1.0, sum.view());
    } else {
      if (part.size() != sum.size()) part = Matrix<T>(sum.rows(), sum.cols());
      gemm(T{1}, left, Op::transpose, right, Op::none, T{0}, part.view());
      for (Index i = 0; i < sum.size(); ++i) sum.data()[i] += static_cast<double>(part.data()[i]);
    }
  }

  PairScores score(Index row, Index col, NeuronPair const& pair) const {
    PairStats forward, backward;
    forward.best_correlations = pair.best_of_rows;
    backward.best_correlations = pair.best_of_columns;
    forward.matched_correlations = backward.matched_correlations = pair.matched;
    forward.matched_neurons = backward.matched_neurons = pair.pairs;
    PairScores scores;
    scores.row = row;
    scores.col = col;
    for (auto const* measure : measures_) {
      scores.forward.push_back(measure->score(forward));
      scores.backward.push_back(measure->score(backward));
    }
    return scores;
  }

  BasisStore const& store_;
  std::vector<std::string> keys_;
  std::vector<Index> live_;
  TilePlan plan_;
  std::vector<Measure const*> measures_;
  std::function<bool(Index, Index)> selected_;
  Index rows_in_memory_;  // of a panel; a multiple of rows_per_gemm, so that the product does not depend on it
  Matching matching_ = Matching::none;
};

template <class T>
PairJob job_of(std::shared_ptr<NeuronEngine<T> const> engine, std::function<bool(Index, Index)> const& selected,
               std::string fingerprint, std::vector<std::size_t> columns) {
  PairJob job;
  for (auto const& tile : engine->plan().tiles) {
    job.pairs.push_back(selected_pairs(engine->plan(), tile, selected));
    fingerprint += std::to_string(job.pairs.back()) + " ";
  }
  job.fingerprint = content_key(fingerprint);
  job.columns = std::move(columns);
  job.compute = [engine](Index piece, std::function<void()> const& poll) {
    return engine->compute(engine->plan().tiles[static_cast<std::size_t>(piece)], poll);
  };
  return job;
}

}  // namespace

NeuronSet store_neurons(Communicator const& comm, Communicator const& node, NeuronSource const& source,
                        bool visible_everywhere, FactorStageControl const& control) {
  auto const count = source.representations.size();
  NeuronSet set;
  set.live.assign(count, 0);
  for (std::size_t i = 0; i < count; ++i)
    set.keys.push_back(usable(source.factors.summaries[i].status) ? content_key("neurons 1\n" + source.keys[i]) : "");
  std::vector<Index> owner(count, 0);
  double finished = 0;
  HandOutOptions options;
  options.stop_requested = control.stop_requested;
  options.on_done = [&](Index) {
    if (control.progress) control.progress(++finished);
  };
  HandOutResult const handed = hand_out(
      comm, static_cast<Index>(count),
      [&](Index item, Poll const& poll) {
        auto const i = static_cast<std::size_t>(item);
        owner[i] = comm.rank();
        if (set.keys[i].empty()) return;
        auto const& r = source.representations[i];
        std::string const token = std::to_string(comm.rank());
        if (auto const known = source.store.find(set.keys[i]))
          set.live[i] = known->kept;
        else if (source.config.compare.exact)
          set.live[i] = put_neurons<double>(source.catalog, r, source.store, set.keys[i], token, source.window_bytes);
        else
          set.live[i] = put_neurons<float>(source.catalog, r, source.store, set.keys[i], token, source.window_bytes);
        poll();
      },
      options);
  set.stopped = handed.stopped;
  if (set.stopped) return set;
  comm.all_sum(set.live);
  comm.all_sum(owner);
  if (!visible_everywhere) share_between_nodes(comm, node, source.store, set.keys, owner);
  comm.barrier();
  return set;
}

PairJob neuron_job(JobConfig const& config, std::vector<Index> const& rows, std::vector<Index> const& groups,
                   NeuronSet const& set, BasisStore const& store, std::vector<Measure const*> const& measures,
                   std::vector<std::size_t> columns, std::function<bool(Index row, Index col)> selected,
                   PanelLimits const& limits) {
  std::vector<PlanItem> items;
  std::string fingerprint = "neurons 3\n" + selection_text(config.compare.pairs);
  for (std::size_t i = 0; i < set.keys.size(); ++i) {
    items.push_back({groups[i], rows[i], set.live[i]});
    fingerprint += set.keys[i] + "\n";
  }
  for (auto const* measure : measures) fingerprint += std::string(measure->name) + " ";
  TilePlan plan = plan_tiles(items, PairCost{});
  if (config.compare.exact)
    return job_of<double>(
        std::make_shared<NeuronEngine<double>>(store, set.keys, set.live, std::move(plan), measures, selected,
                                               limits.neuron_rows),
        selected, fingerprint + "exact\n", std::move(columns));
  return job_of<float>(
      std::make_shared<NeuronEngine<float>>(store, set.keys, set.live, std::move(plan), measures, selected,
                                               limits.neuron_rows), selected,
      fingerprint, std::move(columns));
}

}  // namespace confer
