#include "run/training_runs.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"

namespace confer {

namespace {

constexpr Index kAllPairs = 300, kSample = 100;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// Distances between inputs need one vector per input.
Selection one_row_per_input(Selection selection) {
  if (selection.conv == ConvRule::positions) selection.conv = ConvRule::flatten;
  if (selection.sequence == SequenceRule::positions) selection.sequence = SequenceRule::flatten;
  selection.layers = "*";
  return selection;
}

std::string output_layer(Checkpoint const& checkpoint, std::string const& asked) {
  if (!asked.empty()) return asked;
  for (auto const& layer : checkpoint.layers)
    if (layer.name == "output") return layer.name;
  return checkpoint.layers.back().name;
}

/// The target asked for, or the one whose width is that of the output: real targets before labels.
std::string choose_target(Checkpoint const& checkpoint, std::string const& asked, Index width) {
  for (auto const& target : checkpoint.targets)
    if (!asked.empty() && target.name == asked) return target.name;
  if (!asked.empty()) return "";
  for (auto const& target : checkpoint.targets)
    if (!target.labels && target.columns == width) return target.name;
  for (auto const& target : checkpoint.targets)
    if (target.labels) return target.name;
  return "";
}

using Representations = std::vector<Representation>;

TrainingRun make_run(Catalog const& catalog, JobConfig const& config, Representations const& all) {
  TrainingRun run;
  auto const checkpoint = [&](Representation const& r) -> Checkpoint const& {
    return catalog.checkpoints[at(r.checkpoint)];
  };
  auto const layer = [&](Representation const& r) { return checkpoint(r).layers[at(r.layer)].name; };
  auto const& first = checkpoint(all.front());
  run.network = first.network;
  std::string const output = output_layer(first, config.dynamics.output_layer);

  std::map<Index, Representation> outputs;
  for (auto const& r : all)
    if (layer(r) == output) outputs.emplace(checkpoint(r).step, r);
  for (auto const& [step, r] : outputs) {
    run.steps.push_back(step);
    run.output.push_back(r);
  }
  if (outputs.empty()) {
    run.problem = "it has no layer '" + printable(output) + "' to be its output";
    return run;
  }
  for (auto const& r : all) {
    std::string const name = layer(r);
    if (name == config.dynamics.input_layer && run.input.empty()) run.input.push_back(r);
    if (name == output || name == config.dynamics.input_layer || !glob_match(config.selection.layers, name)) continue;
    if (std::find(run.layers.begin(), run.layers.end(), name) == run.layers.end()) run.layers.push_back(name);
  }
  for (auto const& name : run.layers) {
    std::map<Index, Representation> by_step;
    for (auto const& r : all)
      if (layer(r) == name) by_step.emplace(checkpoint(r).step, r);
    Representations series;
    for (Index const step : run.steps)
      if (by_step.contains(step)) series.push_back(by_step.at(step));
    run.hidden.push_back(std::move(series));
  }
  run.target = choose_target(first, config.dynamics.target, run.output.front().features);
  Index inputs = run.output.front().samples;
  for (auto const& r : run.output) inputs = std::min(inputs, r.samples);
  if (inputs < 2)
    run.problem = "it has a single input";
  else
    run.pairs = choose_pairs(config.dynamics, inputs);
  return run;
}

}  // namespace

std::vector<std::pair<Index, Index>> choose_pairs(DynamicsOptions const& options, Index inputs) {
  for (auto const& [a, b] : options.pairs)
    if (a >= inputs || b >= inputs)
      throw UsageError("--pairs " + std::to_string(a) + "-" + std::to_string(b) + " is outside the inputs",
                       "there are inputs 0 to " + std::to_string(inputs - 1), "choose pairs from these");
  if (!options.pairs.empty()) return options.pairs;
  Index const every = inputs * (inputs - 1) / 2;
  Index const wanted = std::min(every, options.sample.value_or(every <= kAllPairs ? every : kSample));
  std::set<std::pair<Index, Index>> chosen;
  if (wanted == every) {
    for (Index a = 0; a < inputs; ++a)
      for (Index b = a + 1; b < inputs; ++b) chosen.emplace(a, b);
  } else {
    std::mt19937_64 generator(static_cast<std::uint64_t>(options.seed));
    while (static_cast<Index>(chosen.size()) < wanted) {
      auto const a = static_cast<Index>(generator() % static_cast<std::uint64_t>(inputs));
      auto const b = static_cast<Index>(generator() % static_cast<std::uint64_t>(inputs));
      if (a != b) chosen.emplace(std::min(a, b), std::max(a, b));
    }
  }
  return {chosen.begin(), chosen.end()};
}

std::vector<TrainingRun> find_training_runs(Catalog const& catalog, JobConfig const& config) {
  select_representations(catalog, config.selection);  // says which pattern matches nothing
  auto const all = select_representations(catalog, one_row_per_input(config.selection));
  std::vector<Representations> networks;
  for (auto const& r : all) {
    auto const& name = catalog.checkpoints[at(r.checkpoint)].network;
    if (networks.empty() || catalog.checkpoints[at(networks.back().front().checkpoint)].network != name)
      networks.emplace_back();
    networks.back().push_back(r);
  }
  std::vector<TrainingRun> runs;
  for (auto const& network : networks) runs.push_back(make_run(catalog, config, network));
  auto const none = [&](auto const& has) { return std::none_of(runs.begin(), runs.end(), has); };
  if (none([](TrainingRun const& run) { return !run.output.empty(); }))
    throw UsageError("--output-layer " + printable(config.dynamics.output_layer) + " matches no layer", "",
                     "name the layer of the network's outputs");
  if (none([](TrainingRun const& run) { return !run.layers.empty(); }))
    throw UsageError("--layers " + printable(config.selection.layers) + " leaves no hidden layer",
                     "the output and the input layer are not hidden layers", "choose others, or leave it out");
  if (!config.dynamics.input_layer.empty() && none([](TrainingRun const& run) { return !run.input.empty(); }))
    throw UsageError("--input-layer " + printable(config.dynamics.input_layer) + " matches no layer", "",
                     "name the layer that holds the inputs, or leave it out");
  if (!config.dynamics.target.empty() && none([](TrainingRun const& run) { return !run.target.empty(); }))
    throw UsageError("--target " + printable(config.dynamics.target) + " matches no target", "",
                     "confer catalog lists the targets");
  return runs;
}

}  // namespace confer
