#include <algorithm>
#include <limits>
#include <map>

#include "confer/core/error.hpp"
#include "confer/core/record.hpp"
#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"
#include "confer/io/activation_reader.hpp"
#include "confer/io/basis_store.hpp"
#include "run/further_analyses.hpp"
#include "run/layer_factor.hpp"
#include "run/work_list.hpp"

namespace confer {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

LayerInfo const& layer_of(Catalog const& catalog, Representation const& r) {
  return catalog.checkpoints[static_cast<std::size_t>(r.checkpoint)].layers[static_cast<std::size_t>(r.layer)];
}

/// A factor for every time step. Throws InputError when values cannot be read or are not finite.
std::vector<LayerFactor> factor_times(Catalog const& catalog, Representation const& r,
                                      std::optional<double> rank_tolerance, Poll const& poll) {
  Matrix<double> all(r.features, r.rows());
  StoredValues seen;
  ActivationReader(catalog, r).read(0, r.samples, all.view(), seen);
  if (seen.non_finite > 0)
    throw InputError("cannot use " + r.label, "values that are not finite, the first at " + seen.first_non_finite);
  RankRule const rule{rank_tolerance, unit_roundoff(layer_of(catalog, r).type)};
  Index const times = r.rows_per_sample;
  std::vector<LayerFactor> factors;
  for (Index t = 0; t < times; ++t) {
    // Rows are sample by sample, time step by time step: one time step is every times-th row.
    factors.push_back(factor_matrix({all.data() + t * r.features, r.features, r.samples, times * r.features}, rule));
    poll();
  }
  return factors;
}

/// What is found for one sequence layer at one training step.
struct Times {
  std::string problem;
  std::vector<double> similarity;  ///< times x times
  std::vector<double> to_final;    ///< each time step with itself at the last training step
};

Times compare_times(Catalog const& catalog, Representation const& r, Representation const& final,
                    Measure const& measure, std::optional<double> rank_tolerance, Poll const& poll) {
  auto const times = static_cast<std::size_t>(r.rows_per_sample);
  Times found{"", std::vector<double>(times * times, kNaN), std::vector<double>(times, kNaN)};
  try {
    auto const factors = factor_times(catalog, r, rank_tolerance, poll);
    for (std::size_t a = 0; a < times; ++a)
      for (std::size_t b = 0; b <= a; ++b) {
        found.similarity[a * times + b] = found.similarity[b * times + a] =
            symmetric_score(measure, factors[a], factors[b]);
        poll();
      }
    if (final.rows_per_sample != r.rows_per_sample || final.samples != r.samples) return found;
    bool const itself = final.checkpoint == r.checkpoint;
    auto const last = itself ? std::vector<LayerFactor>() : factor_times(catalog, final, rank_tolerance, poll);
    for (std::size_t t = 0; t < times; ++t)
      found.to_final[t] = symmetric_score(measure, factors[t], itself ? factors[t] : last[t]);
  } catch (InputError const& error) {
    found.problem = error.what();
  }
  return found;
}

/// For each sequence the one of the same network and layer at the last training step.
std::vector<std::size_t> final_states(Catalog const& catalog, std::vector<Representation> const& sequences) {
  std::map<std::pair<std::string, std::string>, std::size_t> last;
  auto const step = [&](std::size_t i) {
    return catalog.checkpoints[static_cast<std::size_t>(sequences[i].checkpoint)].step;
  };
  auto const key = [&](std::size_t i) {
    return std::make_pair(catalog.checkpoints[static_cast<std::size_t>(sequences[i].checkpoint)].network,
                          layer_of(catalog, sequences[i]).name);
  };
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    auto const [found, is_new] = last.try_emplace(key(i), i);
    if (!is_new && step(i) > step(found->second)) found->second = i;
  }
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < sequences.size(); ++i) result.push_back(last.at(key(i)));
  return result;
}

}  // namespace

std::vector<Representation> select_sequences(Catalog const& catalog, Selection selection) {
  selection.sequence = SequenceRule::positions;
  std::vector<Representation> sequences;
  for (auto const& r : select_representations(catalog, selection))
    if (layer_of(catalog, r).has(Axis::time)) sequences.push_back(r);
  return sequences;
}

std::vector<std::string> add_sequences(ResultSet& results, Catalog const& catalog, JobConfig const& config,
                                       Communicator const& comm) {
  Measure const& measure = covariance_measure(config.dynamics.measure);
  std::vector<Representation> const sequences = select_sequences(catalog, config.selection);
  if (sequences.empty())
    throw InputError("there are no sequences", "no selected layer has an axis 'time'", "leave --sequences out");
  WorkList list;
  list.items = static_cast<Index>(sequences.size());
  std::string text = "sequences 2\n" + files_text(catalog) + measure.name + " " +
                     (config.rank_tolerance ? format_number(*config.rank_tolerance) : "auto") + "\n";
  for (auto const& r : sequences)
    text +=
        r.label + " " + r.row_meaning + " " + std::to_string(r.sample_begin) + "+" + std::to_string(r.samples) + "\n";
  list.fingerprint = content_key(text);
  list.phase = "sequences";
  list.unit = "layers";
  auto const finals = final_states(catalog, sequences);
  list.work = [&](Index item, Poll const& poll) {
    auto const i = static_cast<std::size_t>(item);
    RecordWriter writer;
    Times const found =
        compare_times(catalog, sequences[i], sequences[finals[i]], measure, config.rank_tolerance, poll);
    writer(found.problem), writer(found.similarity), writer(found.to_final);
    return writer.take();
  };
  auto const records = do_work(comm, config.run, list);
  std::vector<std::string> problems;
  if (!comm.is_root()) return problems;

  Index longest = 0;
  for (auto const& r : sequences) longest = std::max(longest, r.rows_per_sample);
  auto const width = static_cast<std::size_t>(longest);
  std::vector<double> all(sequences.size() * width * width, kNaN), to_last(sequences.size() * width, kNaN);
  std::vector<double> to_final = to_last;
  std::vector<std::string> label, network, layer;
  std::vector<Index> step;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    auto const& r = sequences[i];
    label.push_back(r.label);
    network.push_back(catalog.checkpoints[static_cast<std::size_t>(r.checkpoint)].network);
    layer.push_back(layer_of(catalog, r).name);
    step.push_back(catalog.checkpoints[static_cast<std::size_t>(r.checkpoint)].step);
    Times found;
    RecordReader reader(records[i]);
    reader(found.problem), reader(found.similarity), reader(found.to_final);
    if (!found.problem.empty()) problems.push_back("time steps of " + printable(r.label) + ": " + found.problem);
    auto const times = static_cast<std::size_t>(r.rows_per_sample);
    for (std::size_t a = 0; a < times; ++a) {
      std::copy_n(found.similarity.begin() + static_cast<std::ptrdiff_t>(a * times), times,
                  all.begin() + static_cast<std::ptrdiff_t>((i * width + a) * width));
      to_last[i * width + a] = found.similarity[a * times + times - 1];
      to_final[i * width + a] = found.to_final[a];
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
      std::string(measure.name) +
          " between two time steps of the sequence (mean of both directions); NaN where no neuron varies over the "
          "samples at a time step, and beyond the end of shorter sequences");
  add("time_to_last", {"sequence", "time"}, std::move(to_last), "the same with the last time step");
  add("time_to_final", {"sequence", "time"}, std::move(to_final),
      "the same with the same time step at the last training step of the network");
  return problems;
}

}  // namespace confer
