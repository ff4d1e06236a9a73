#include <algorithm>
#include <limits>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"
#include "confer/io/activation_reader.hpp"
#include "confer/io/basis_store.hpp"
#include "run/further_analyses.hpp"
#include "run/layer_factor.hpp"
#include "run/record.hpp"
#include "run/work_list.hpp"

namespace confer {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

LayerInfo const& layer_of(Catalog const& catalog, Representation const& r) {
  return catalog.checkpoints[static_cast<std::size_t>(r.checkpoint)].layers[static_cast<std::size_t>(r.layer)];
}

/// Similarity of all pairs of time steps, times x times; or why there is none.
std::string compare_times(Catalog const& catalog, Representation const& r, Measure const& measure,
                          std::optional<double> rank_tolerance, Poll const& poll, std::vector<double>& similarity) {
  Index const times = r.rows_per_sample;
  similarity.assign(static_cast<std::size_t>(times * times), kNaN);
  std::vector<LayerFactor> factors;
  try {
    Matrix<double> all(r.features, r.rows());
    StoredValues seen;
    ActivationReader(catalog, r).read(0, r.samples, all.view(), seen);
    if (seen.non_finite > 0) return "values that are not finite, the first at " + seen.first_non_finite;
    RankRule const rule{rank_tolerance, unit_roundoff(layer_of(catalog, r).type)};
    for (Index t = 0; t < times; ++t) {
      // Rows are sample by sample, time step by time step: one time step is every times-th row.
      factors.push_back(factor_matrix({all.data() + t * r.features, r.features, r.samples, times * r.features}, rule));
      poll();
    }
  } catch (InputError const& error) {
    return error.what();
  }
  for (Index a = 0; a < times; ++a)
    for (Index b = 0; b <= a; ++b) {
      double const score =
          symmetric_score(measure, factors[static_cast<std::size_t>(a)], factors[static_cast<std::size_t>(b)]);
      similarity[static_cast<std::size_t>(a * times + b)] = similarity[static_cast<std::size_t>(b * times + a)] = score;
      poll();
    }
  return "";
}

}  // namespace

std::vector<std::string> add_sequences(ResultSet& results, Catalog const& catalog, JobConfig const& config,
                                       Communicator const& comm) {
  Measure const& measure = covariance_measure(config.dynamics.measure);
  Selection selection = config.selection;
  selection.sequence = SequenceRule::positions;
  std::vector<Representation> sequences;
  for (auto const& r : select_representations(catalog, selection))
    if (layer_of(catalog, r).has(Axis::time)) sequences.push_back(r);
  if (sequences.empty())
    throw InputError("there are no sequences", "no selected layer has an axis 'time'", "leave --sequences out");
  WorkList list;
  list.items = static_cast<Index>(sequences.size());
  std::string text = "sequences 1\n" + files_text(catalog) + measure.name + " " +
                     (config.rank_tolerance ? format_number(*config.rank_tolerance) : "auto") + "\n";
  for (auto const& r : sequences)
    text +=
        r.label + " " + r.row_meaning + " " + std::to_string(r.sample_begin) + "+" + std::to_string(r.samples) + "\n";
  list.fingerprint = content_key(text);
  list.phase = "sequences";
  list.unit = "layers";
  list.work = [&](Index item, Poll const& poll) {
    RecordWriter writer;
    std::vector<double> similarity;
    writer(compare_times(catalog, sequences[static_cast<std::size_t>(item)], measure, config.rank_tolerance, poll,
                         similarity));
    writer(similarity);
    return writer.take();
  };
  auto const records = do_work(comm, config.run, list);
  std::vector<std::string> problems;
  if (!comm.is_root()) return problems;

  Index longest = 0;
  for (auto const& r : sequences) longest = std::max(longest, r.rows_per_sample);
  auto const width = static_cast<std::size_t>(longest);
  std::vector<double> all(sequences.size() * width * width, kNaN), to_last(sequences.size() * width, kNaN);
  std::vector<std::string> label, network, layer;
  std::vector<Index> step;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    auto const& r = sequences[i];
    label.push_back(r.label);
    network.push_back(catalog.checkpoints[static_cast<std::size_t>(r.checkpoint)].network);
    layer.push_back(layer_of(catalog, r).name);
    step.push_back(catalog.checkpoints[static_cast<std::size_t>(r.checkpoint)].step);
    std::string problem;
    std::vector<double> similarity;
    RecordReader reader(records[i]);
    reader(problem);
    reader(similarity);
    if (!problem.empty()) problems.push_back("time steps of " + printable(r.label) + ": " + problem);
    auto const times = static_cast<std::size_t>(r.rows_per_sample);
    for (std::size_t a = 0; a < times; ++a) {
      std::copy_n(similarity.begin() + static_cast<std::ptrdiff_t>(a * times), times,
                  all.begin() + static_cast<std::ptrdiff_t>((i * width + a) * width));
      to_last[i * width + a] = similarity[a * times + times - 1];
    }
  }
  results.dimensions.emplace_back("sequence", static_cast<Index>(sequences.size()));
  results.dimensions.emplace_back("time", longest);
  results.dimensions.emplace_back("time_b", longest);
  auto const add = [&](std::string name, std::vector<std::string> dimensions, VariableData values,
                       std::string meaning) {
    results.variables.push_back(
        {std::move(name), std::move(dimensions), std::move(values), {{"long_name", std::move(meaning)}}, false});
  };
  add("sequence", {"sequence"}, std::move(label), "network@step/layer");
  add("sequence_network", {"sequence"}, std::move(network), "network");
  add("sequence_step", {"sequence"}, std::move(step), "training step");
  add("sequence_layer", {"sequence"}, std::move(layer), "layer");
  add("time_similarity", {"sequence", "time", "time_b"}, std::move(all),
      std::string(measure.name) + " between two time steps of the sequence (mean of both directions)");
  add("time_to_last", {"sequence", "time"}, std::move(to_last), "the same with the last time step");
  return problems;
}

}  // namespace confer
