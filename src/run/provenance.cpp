#include <algorithm>
#include <limits>
#include <set>

#include "run/compare_results.hpp"

namespace confer {

namespace {

/// A variable name that netCDF tools accept, from any attribute name.
std::string variable_name(std::string const& attribute, std::set<std::string> const& taken) {
  std::string name;
  for (char const c : attribute)
    name += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ? c : '_';
  if (name.empty() || (name.front() >= '0' && name.front() <= '9') || taken.contains(name)) name = "attribute_" + name;
  while (taken.contains(name)) name += "_";
  return name;
}

void add_metadata(ResultSet& results, std::string const& dimension, Catalog const& catalog,
                  std::vector<Representation> const& representations) {
  std::set<std::string> names;
  for (auto const& r : representations)
    for (auto const& [name, value] : catalog.checkpoints[static_cast<std::size_t>(r.checkpoint)].metadata) names.insert(name);
  // Names of this program's own variables keep their meaning whatever the files call their attributes.
  std::set<std::string> taken = {"a",       "b",          "label",     "network",        "step",   "layer",
                                 "depth",   "samples",    "features",  "rank",           "status", "components",
                                 "total_variance", "participation_ratio", "status_detail", "warnings", "key", "tau",
                                 "smallest_kept", "constant_neurons", "inputs_id", "effective_rank", "spectrum_exponent",
                                 "label_b", "network_b", "step_b", "layer_b", "pair_status", "pair_a", "pair_b"};
  for (auto const& variable : results.variables) taken.insert(variable.name);
  for (auto const& [dimension_name, size] : results.dimensions) taken.insert(dimension_name);
  for (auto const& name : names) {
    bool numeric = true;
    for (auto const& r : representations) {
      auto const& metadata = catalog.checkpoints[static_cast<std::size_t>(r.checkpoint)].metadata;
      auto const found = metadata.find(name);
      numeric = numeric && (found == metadata.end() || std::holds_alternative<double>(found->second));
    }
    std::vector<double> numbers;
    std::vector<std::string> texts;
    for (auto const& r : representations) {
      auto const& metadata = catalog.checkpoints[static_cast<std::size_t>(r.checkpoint)].metadata;
      auto const found = metadata.find(name);
      if (numeric)
        numbers.push_back(found == metadata.end() ? std::numeric_limits<double>::quiet_NaN() : std::get<double>(found->second));
      else if (found == metadata.end())
        texts.emplace_back();
      else
        texts.push_back(std::holds_alternative<double>(found->second) ? std::to_string(std::get<double>(found->second))
                                                                      : std::get<std::string>(found->second));
    }
    std::string const variable = variable_name(name, taken);
    taken.insert(variable);
    Attributes attributes = {{"long_name", "attribute '" + name + "' of the input files"}, {"metadata", Index{1}}};
    if (numeric)
      results.variables.push_back({variable, {dimension}, std::move(numbers), std::move(attributes), true});
    else
      results.variables.push_back({variable, {dimension}, std::move(texts), std::move(attributes), true});
  }
}

}  // namespace

void add_representation_coordinates(ResultSet& results, std::string const& dimension, Catalog const& catalog,
                                    std::vector<Representation> const& representations) {
  std::vector<std::string> label, network, layer, inputs;
  std::vector<Index> step, depth, samples, features;
  for (auto const& r : representations) {
    auto const& checkpoint = catalog.checkpoints[static_cast<std::size_t>(r.checkpoint)];
    label.push_back(r.label);
    network.push_back(checkpoint.network);
    layer.push_back(checkpoint.layers[static_cast<std::size_t>(r.layer)].name);
    inputs.push_back(checkpoint.inputs_id);
    step.push_back(checkpoint.step);
    depth.push_back(checkpoint.layers[static_cast<std::size_t>(r.layer)].depth);
    samples.push_back(r.rows());
    features.push_back(r.features);
  }
  auto const add = [&](std::string const& name, VariableData data, std::string const& meaning) {
    results.variables.push_back({name, {dimension}, std::move(data), {{"long_name", meaning}}, true});
  };
  add("label", label, "network@step/layer");
  add("network", network, "name of the network");
  add("step", step, "training step");
  add("layer", layer, "layer");
  add("depth", depth, "position of the layer in its network, from 0");
  add("samples", samples, "rows of the activation matrix: inputs, or inputs times positions");
  add("features", features, "columns of the activation matrix: neurons");
  add("inputs_id", inputs, "identity of the inputs the activations were computed on");
  add_metadata(results, dimension, catalog, representations);
}

void add_provenance(ResultSet& results, JobConfig const& config, Catalog const& catalog) {
  std::vector<std::string> files, ids;
  std::vector<Index> bytes;
  std::set<std::string> seen;
  for (auto const& checkpoint : catalog.checkpoints)
    for (auto const& shard : checkpoint.shards)
      if (seen.insert(shard.path).second) {
        files.push_back(shard.path);
        bytes.push_back(shard.bytes);
        ids.push_back(checkpoint.inputs_id);
      }
  results.dimensions.emplace_back("file", static_cast<Index>(files.size()));
  results.variables.push_back({"input_file", {"file"}, std::move(files), {{"long_name", "input file"}}, false});
  results.variables.push_back({"input_bytes", {"file"}, std::move(bytes), {{"long_name", "size of the file"}, {"units", "bytes"}}, false});
  results.variables.push_back({"input_inputs_id", {"file"}, std::move(ids), {{"long_name", "identity of the inputs"}}, false});
  if (!catalog.refusals.empty()) {
    std::vector<std::string> label, file, dataset, reason;
    for (auto const& refusal : catalog.refusals) {
      label.push_back(refusal.label);
      file.push_back(refusal.file);
      dataset.push_back(refusal.dataset);
      reason.push_back(refusal.reason);
    }
    results.dimensions.emplace_back("refusal", static_cast<Index>(label.size()));
    results.variables.push_back({"refused", {"refusal"}, std::move(label), {{"long_name", "what was refused"}}, false});
    results.variables.push_back({"refused_file", {"refusal"}, std::move(file), {{"long_name", "its file"}}, false});
    results.variables.push_back({"refused_dataset", {"refusal"}, std::move(dataset), {{"long_name", "its dataset"}}, false});
    results.variables.push_back({"refused_reason", {"refusal"}, std::move(reason), {{"long_name", "why"}}, false});
  }
  results.attributes["command"] = config.command;
  results.attributes["job"] = config.text;
}

}  // namespace confer
