#include "run/network_summary.hpp"

#include <cmath>
#include <limits>
#include <map>

namespace confer {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct Checkpoints {
  std::vector<std::string> labels;
  std::vector<std::vector<std::size_t>> members;  // places along a
};

Checkpoints checkpoints_of(ResultSet const& results) {
  Checkpoints found;
  std::map<std::string, std::size_t> places;
  auto const& networks = results.strings("network");
  auto const& steps = results.integers("step");
  for (std::size_t i = 0; i < networks.size(); ++i) {
    std::string const label = networks[i] + "@" + std::to_string(steps[i]);
    auto const [place, fresh] = places.emplace(label, found.labels.size());
    if (fresh) {
      found.labels.push_back(label);
      found.members.emplace_back();
    }
    found.members[place->second].push_back(i);
  }
  return found;
}

}  // namespace

void add_network_summary(ResultSet& results) {
  Checkpoints const checkpoints = checkpoints_of(results);
  std::size_t const count = checkpoints.labels.size(), size = results.strings("network").size();
  if (count < 2 || count == size) return;
  auto const layers = results.strings("layer");
  std::vector<Variable> added;
  for (auto const& variable : results.variables) {
    auto const kind = variable.attributes.find("kind");
    if (kind == variable.attributes.end() || variable.dimensions != std::vector<std::string>{"a", "b"}) continue;
    auto const& values = std::get<std::vector<double>>(variable.data);
    bool const similarity = std::get<std::string>(kind->second) == "similarity";
    std::vector<double> best(count * count, nan), mean(count * count, nan);
    std::vector<Index> best_a(count * count, -1), best_b(count * count, -1);
    for (std::size_t x = 0; x < count; ++x)
      for (std::size_t y = 0; y < count; ++y) {
        std::size_t const at = x * count + y;
        double sum = 0;
        Index shared = 0;
        for (std::size_t const i : checkpoints.members[x])
          for (std::size_t const j : checkpoints.members[y]) {
            double const value = values[i * size + j];
            if (std::isnan(value)) continue;
            if (layers[i] == layers[j]) {
              sum += value;
              ++shared;
            }
            if (best_a[at] >= 0 && !(similarity ? value > best[at] : value < best[at])) continue;
            best[at] = value;
            best_a[at] = static_cast<Index>(i);
            best_b[at] = static_cast<Index>(j);
          }
        if (shared > 0) mean[at] = sum / static_cast<double>(shared);
      }
    auto const add = [&](std::string const& suffix, VariableData data, std::string const& meaning) {
      added.push_back({variable.name + suffix, {"checkpoint_a", "checkpoint_b"}, std::move(data), {{"long_name", meaning}}, false});
    };
    add("_best", std::move(best), variable.name + " of the most similar two layers");
    add("_best_a", std::move(best_a), "place along a of the layer of the first that the most similar two hold; -1: none");
    add("_best_b", std::move(best_b), "place along b of the layer of the second that the most similar two hold; -1: none");
    add("_layer_mean", std::move(mean), "mean of " + variable.name + " over layers of the same name");
  }
  results.dimensions.emplace_back("checkpoint_a", static_cast<Index>(count));
  results.dimensions.emplace_back("checkpoint_b", static_cast<Index>(count));
  for (char const* name : {"checkpoint_a", "checkpoint_b"})
    results.variables.push_back({name, {name}, checkpoints.labels, {{"long_name", "network@step"}}, true});
  for (auto& variable : added) results.variables.push_back(std::move(variable));
}

}  // namespace confer
