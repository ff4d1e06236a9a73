#include "run/network_summary.hpp"

#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <span>

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

/// What the layers of two checkpoints say of them.
struct Best {
  double value = nan, layer_mean = nan;
  Index a = -1, b = -1;
};

Best best_of(double const* values, std::size_t size, std::vector<std::size_t> const& rows,
             std::vector<std::size_t> const& cols, std::vector<Index> const& layers, bool similarity) {
  Best best;
  double sum = 0;
  Index shared = 0;
  for (std::size_t const i : rows)
    for (std::size_t const j : cols) {
      double const value = values[i * size + j];
      if (std::isnan(value)) continue;
      if (layers[i] == layers[j]) {
        sum += value;
        ++shared;
      }
      if (best.a >= 0 && !(similarity ? value > best.value : value < best.value)) continue;
      best.value = value;
      best.a = static_cast<Index>(i);
      best.b = static_cast<Index>(j);
    }
  if (shared > 0) best.layer_mean = sum / static_cast<double>(shared);
  return best;
}

}  // namespace

void add_network_summary(ResultSet& results) {
  auto const checkpoints = std::make_shared<Checkpoints>(checkpoints_of(results));
  std::size_t const count = checkpoints->labels.size(), size = results.strings("network").size();
  if (count < 2 || count == size) return;
  auto const layers = std::make_shared<std::vector<Index>>();
  std::map<std::string, Index> numbers;
  for (auto const& layer : results.strings("layer"))
    layers->push_back(numbers.emplace(layer, std::ssize(numbers)).first->second);
  std::vector<Variable> added;
  for (auto const& variable : results.variables) {
    auto const kind = variable.attributes.find("kind");
    if (kind == variable.attributes.end() || variable.dimensions != std::vector<std::string>{"a", "b"}) continue;
    bool const similarity = std::get<std::string>(kind->second) == "similarity";
    // One of the four at a time: with few layers to a checkpoint each is nearly as large as the matrix itself.
    auto const add = [&]<class T>(std::string const& suffix, T Best::*part, std::string const& meaning) {
      DerivedRows<T> rows{[checkpoints, layers, count, size, similarity, part, name = variable.name](
                              ResultSet const& all, Index first, std::span<T> values) {
        double const* const scores = all.doubles(name).data();
        for (std::size_t at = 0; at < values.size(); ++at)
          values[at] = best_of(scores, size, checkpoints->members[static_cast<std::size_t>(first) + at / count],
                               checkpoints->members[at % count], *layers, similarity).*part;
      }};
      added.push_back({variable.name + suffix, {"checkpoint_a", "checkpoint_b"}, std::move(rows), {{"long_name", meaning}}, false});
    };
    add("_best", &Best::value, variable.name + " of the most similar two layers");
    add("_best_a", &Best::a, "place along a of the layer of the first that the most similar two hold; -1: none");
    add("_best_b", &Best::b, "place along b of the layer of the second that the most similar two hold; -1: none");
    add("_layer_mean", &Best::layer_mean, "mean of " + variable.name + " over layers of the same name");
  }
  results.dimensions.emplace_back("checkpoint_a", static_cast<Index>(count));
  results.dimensions.emplace_back("checkpoint_b", static_cast<Index>(count));
  for (char const* name : {"checkpoint_a", "checkpoint_b"})
    results.variables.push_back({name, {name}, checkpoints->labels, {{"long_name", "network@step"}}, true});
  for (auto& variable : added) results.variables.push_back(std::move(variable));
}

}  // namespace confer
