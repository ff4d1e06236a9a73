#include "run/row_stage.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "confer/dist/hand_out.hpp"
#include "confer/io/activation_reader.hpp"
#include "confer/linalg/dense.hpp"
#include "confer/linalg/distance_shifts.hpp"
#include "run/activation_source.hpp"
#include "run/random_samples.hpp"

namespace confer {

namespace {

/// Of the sizes of values, by the authors of the Platonic representation hypothesis.
constexpr double clamped_share = 0.95;
/// Of a representation of which one copy more is no matter.
constexpr Index few_values = Index{1} << 22;

std::vector<double> feature_means(MatrixView<double const> rows) {
  std::vector<double> mean(static_cast<std::size_t>(rows.rows), 0.0);
  for (int pass = 0; pass < 2; ++pass) {  // the second removes what rounding left of a large mean
    std::vector<double> rest(mean.size(), 0.0);
    for (Index i = 0; i < rows.cols; ++i)
      for (std::size_t k = 0; k < mean.size(); ++k) rest[k] += rows(static_cast<Index>(k), i) - mean[k];
    for (std::size_t k = 0; k < mean.size(); ++k) mean[k] += rest[k] / static_cast<double>(rows.cols);
  }
  return mean;
}

/// Values less their mean rounded to a few digits: values with few digits, such as whole numbers, stay exact, and with
/// them the ties among their distances.
Matrix<double> coarsely_centred(Matrix<double> rows, std::vector<double> const& mean) {
  std::vector<double> coarse;
  for (double const value : mean) {
    int exponent = 0;
    double const fraction = std::frexp(value, &exponent);
    coarse.push_back(std::ldexp(std::round(std::ldexp(fraction, 8)), exponent - 8));
  }
  for (Index i = 0; i < rows.cols(); ++i)
    for (Index k = 0; k < rows.rows(); ++k) rows(k, i) -= coarse[static_cast<std::size_t>(k)];
  return rows;
}

/// Centred rows in the coordinates of the factor: as many as the rank, not as the features.
Matrix<double> coordinates(BasisStore const& store, std::string const& key, FactorSummary const& summary, bool exact) {
  Matrix<double> rows(summary.kept, summary.rows);
  auto const fill = [&](auto basis) {
    store.read_basis(key, 0, basis.view());
    for (Index i = 0; i < rows.cols(); ++i)
      for (Index k = 0; k < rows.rows(); ++k)
        rows(k, i) = summary.singular_values[static_cast<std::size_t>(k)] * static_cast<double>(basis(i, k));
  };
  if (exact)
    fill(Matrix<double>(summary.rows, summary.kept));
  else
    fill(Matrix<float>(summary.rows, summary.kept));
  return rows;
}

/// Whether single precision, in which bases are stored, loses digits of distances.
bool needs_double(Matrix<double> const& centred) {
  std::vector<double> norms;
  for (Index i = 0; i < centred.cols(); ++i)
    norms.push_back(dot(centred.view().column_span(i), centred.view().column_span(i)));
  return sample_radii(centred.view(), norms).needs_double;
}

/// Of each row; none where no block is ever left out.
std::vector<Index> blocks_of_rows(Representation const& r, RowNeeds const& needs) {
  std::vector<Index> blocks;
  if (needs.blocks == 0) return blocks;
  for (Index const block : jackknife_blocks(r.samples, needs.blocks))
    blocks.insert(blocks.end(), static_cast<std::size_t>(r.rows_per_sample), block);
  return blocks;
}

void prepare(RowTask const& task, std::size_t index, std::string const& key) {
  auto const& r = task.representations[index];
  bool const exact = task.config.compare.exact, wide = r.features > r.rows();
  RowNeeds const& needs = task.rows;
  bool const read = std::any_of(needs.forms.begin(), needs.forms.end(), [&](RowForm form) {
    return form != RowForm::centred || !wide || needs.orders(form);
  });
  StoredValues seen;
  LayerInfo const& layer = task.catalog.checkpoints[static_cast<std::size_t>(r.checkpoint)]
                               .layers[static_cast<std::size_t>(r.layer)];
  bool const only_centred = needs.forms == std::vector{RowForm::centred} && !needs.orders(RowForm::centred);
  if (only_centred && !wide && !exact && window_value_bytes(layer, r, ActivationPart::By::features) == 4) {
    Matrix<float> single(r.features, r.rows(), Uninitialised());
    ActivationReader(task.catalog, r).read(0, r.samples, single.view(), seen);
    if (put_centred_rows(RowStore(task.store.directory()), key, needs, std::move(single))) return;
  }
  auto const read_stored = [&] {
    Matrix<double> values(r.features, r.rows(), Uninitialised());
    ActivationReader(task.catalog, r).read(0, r.samples, values.view(), seen);
    return values;
  };
  Matrix<double> stored = read ? read_stored() : Matrix<double>();
  RowStore const store(task.store.directory());
  for (std::size_t at = 0; at < needs.forms.size(); ++at) {
    RowForm const form = needs.forms[at];
    bool const last = at + 1 == needs.forms.size();
    bool from_factor = form == RowForm::centred && wide;
    std::vector<double> mean =
        form == RowForm::centred && read ? feature_means(stored.view()) : std::vector<double>();
    // What orders samples must see ties as they are in the data.
    Matrix<double> const ordered =
        form == RowForm::centred && needs.orders(form) ? coarsely_centred(stored, mean) : Matrix<double>();
    Matrix<double> rows =
        from_factor ? coordinates(task.store, task.factors.keys[index], task.factors.summaries[index], exact)
        : last      ? std::move(stored)
                    : stored;
    bool const few = r.features * r.rows() <= few_values;
    if (from_factor && !exact && few && needs.with_median_of(form) && needs_double(rows)) {
      rows = read_stored();
      mean = feature_means(rows.view());
      from_factor = false;
    }
    Index const without = prepare_rows(form, rows, from_factor ? std::vector<double>() : mean, clamped_share);
    put_rows(store, key, form, needs, rows, ordered.size() > 0 ? ordered.view() : rows.const_view(),
             blocks_of_rows(r, needs), without, exact);
  }
}

/// Sends the records to the nodes that do not see the files of the rank that made them.
void share_rows(Communicator const& comm, Communicator const& node, RowTask const& task,
                std::vector<std::string> const& keys, std::vector<Index> const& owner) {
  std::vector<Index> leader(static_cast<std::size_t>(comm.size()), 0);
  int node_leader = comm.rank();
  node.broadcast(std::span(&node_leader, 1), 0);
  leader[static_cast<std::size_t>(comm.rank())] = node_leader;
  comm.all_sum(leader);
  Communicator const leaders = comm.split(node.is_root() ? 0 : 1, comm.rank());
  std::vector<Index> ranks;  // of each leader, in the order of their group
  for (Index r = 0; r < comm.size(); ++r)
    if (leader[static_cast<std::size_t>(r)] == r) ranks.push_back(r);
  RowStore const store(task.store.directory());
  std::exception_ptr failure;
  for (std::size_t i = 0; i < keys.size() && node.is_root(); ++i) {
    if (!usable(task.factors.summaries[i].status)) continue;
    Index const from = leader[static_cast<std::size_t>(owner[i])];
    auto const root = static_cast<int>(std::find(ranks.begin(), ranks.end(), from) - ranks.begin());
    for (RowForm const form : task.rows.forms) {
      std::string const name = row_record_name(keys[i], form);
      std::string bytes;
      try {
        if (leaders.rank() == root) bytes = store.export_file(name);
      } catch (...) {
        failure = std::current_exception();
      }
      leaders.broadcast(bytes, root);
      try {
        if (leaders.rank() != root && !bytes.empty()) store.import_file(name, bytes);
      } catch (...) {
        failure = std::current_exception();
      }
    }
  }
  agree(comm, failure);
}

}  // namespace

RowStageResult prepare_all_rows(Communicator const& comm, Communicator const& node, RowTask const& task,
                                bool visible_everywhere, FactorStageControl const& control) {
  RowStageResult result;
  for (auto const& key : task.factors.keys) result.keys.push_back(content_key(key + task.rows.text()));
  std::vector<Index> usable_ones;
  for (std::size_t i = 0; i < task.representations.size(); ++i)
    if (usable(task.factors.summaries[i].status)) usable_ones.push_back(static_cast<Index>(i));
  std::stable_sort(usable_ones.begin(), usable_ones.end(), [&](Index a, Index b) {
    auto const values = [&](Index i) {
      auto const& r = task.representations[static_cast<std::size_t>(i)];
      return r.rows() * r.features;
    };
    return values(a) > values(b);
  });
  RowStore const store(task.store.directory());
  std::vector<Index> owner(task.representations.size(), 0);
  double finished = 0;
  HandOutOptions options;
  options.stop_requested = control.stop_requested;
  options.on_done = [&](Index) {
    if (control.progress) control.progress(++finished);
  };
  HandOutResult const handed = hand_out(
      comm, static_cast<Index>(usable_ones.size()),
      [&](Index item, std::function<void()> const& poll) {
        auto const index = static_cast<std::size_t>(usable_ones[static_cast<std::size_t>(item)]);
        if (!holds_rows(store, result.keys[index], task.rows)) prepare(task, index, result.keys[index]);
        owner[index] = comm.rank();
        poll();
      },
      options);
  result.stopped = handed.stopped;
  if (result.stopped) return result;
  comm.all_sum(owner);
  if (!visible_everywhere) share_rows(comm, node, task, result.keys, owner);
  comm.barrier();
  return result;
}

}  // namespace confer
