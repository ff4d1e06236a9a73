#include "report/comparison.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <stdexcept>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"

namespace confer::report {

namespace {

constexpr std::size_t most_group_values = 12;

std::string text_of(Variable const& variable, std::string const& name) {
  auto const found = variable.attributes.find(name);
  if (found == variable.attributes.end()) return {};
  auto const* text = std::get_if<std::string>(&found->second);
  return text ? printable(*text) : std::string();
}

std::vector<std::string> printable_strings(ResultSet const& results, std::string const& name) {
  std::vector<std::string> values = results.strings(name);
  for (auto& value : values) value = printable(value);
  return values;
}

/// Index of each value among the distinct ones, which are listed in order of appearance.
std::vector<std::size_t> encode(std::vector<std::string> const& values, std::vector<std::string>& distinct) {
  std::map<std::string, std::size_t> place;
  std::vector<std::size_t> codes;
  for (auto const& value : values) {
    auto const [found, fresh] = place.emplace(value, distinct.size());
    if (fresh) distinct.push_back(value);
    codes.push_back(found->second);
  }
  return codes;
}

/// Layers in order of their mean depth, and each representation's place among them.
void order_layers(Comparison& c, std::vector<std::string> const& layer) {
  std::vector<std::string> names;
  auto const codes = encode(layer, names);
  std::vector<double> sum(names.size()), number(names.size());
  for (std::size_t i = 0; i < codes.size(); ++i) {
    sum[codes[i]] += static_cast<double>(c.depth[i]);
    number[codes[i]] += 1;
  }
  std::vector<std::size_t> order(names.size()), place(names.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return sum[a] / number[a] < sum[b] / number[b]; });
  for (std::size_t i = 0; i < order.size(); ++i) {
    place[order[i]] = i;
    c.layers.push_back(names[order[i]]);
  }
  for (auto const code : codes) c.layer.push_back(place[code]);
}

void find_checkpoints(Comparison& c) {
  std::map<std::pair<std::size_t, Index>, std::size_t> place;
  for (std::size_t i = 0; i < c.count; ++i) {
    auto const [found, fresh] = place.emplace(std::pair(c.network[i], c.step[i]), c.checkpoints.size());
    if (fresh)
      c.checkpoints.push_back(
          {c.networks[c.network[i]] + "@" + std::to_string(c.step[i]), c.network[i], c.step[i], {}});
    c.checkpoints[found->second].representations.push_back(i);
  }
}

/// What all labels share is left out: the step when every network has one, the network when there is one.
void shorten_labels(Comparison& c) {
  std::set<std::pair<std::size_t, Index>> checkpoints;
  for (std::size_t i = 0; i < c.count; ++i) checkpoints.emplace(c.network[i], c.step[i]);
  bool const steps = checkpoints.size() > c.networks.size();
  for (std::size_t i = 0; i < c.count; ++i) {
    std::string label = c.networks.size() > 1 ? c.networks[c.network[i]] : std::string();
    if (steps) label += (label.empty() ? "" : "@") + std::to_string(c.step[i]);
    if (c.layers.size() > 1 || label.empty()) label += (label.empty() ? "" : "/") + c.layers[c.layer[i]];
    c.short_label.push_back(std::move(label));
  }
}

void add_grouping(Comparison& c, std::string const& name, std::vector<std::string> const& values) {
  Grouping grouping;
  grouping.name = printable(name);
  grouping.of_representation = encode(values, grouping.values);
  if (grouping.values.size() < 2 || grouping.values.size() > most_group_values) return;
  // Useful only when it says something that the network's name does not.
  for (auto const& known : c.groupings)
    if (known.of_representation == grouping.of_representation) return;
  c.groupings.push_back(std::move(grouping));
}

void find_groupings(Comparison& c, ResultSet const& results) {
  Grouping by_network{"network", c.networks, c.network};
  c.groupings.push_back(std::move(by_network));
  for (auto const& variable : results.variables) {
    if (!variable.attributes.contains("metadata") || variable.dimensions != std::vector<std::string>{"a"}) continue;
    std::vector<std::string> texts;
    if (auto const* strings = std::get_if<std::vector<std::string>>(&variable.data)) {
      for (auto const& text : *strings) texts.push_back(printable(text));
    } else if (auto const* numbers = std::get_if<std::vector<double>>(&variable.data)) {
      for (double const value : *numbers) texts.push_back(format_number(value));
    } else {
      continue;
    }
    add_grouping(c, variable.name, texts);
  }
}

MeasureView view_measure(ResultSet const& results, Variable const& variable) {
  MeasureView m;
  m.name = printable(variable.name);
  m.long_name = text_of(variable, "long_name");
  m.formula = text_of(variable, "formula");
  m.reference = text_of(variable, "reference");
  m.distance = text_of(variable, "kind") == "distance";
  if (auto const found = variable.attributes.find("symmetric"); found != variable.attributes.end()) {
    auto const* flag = std::get_if<Index>(&found->second);
    m.symmetric = flag == nullptr || *flag != 0;
  }
  if (auto const found = variable.attributes.find("range"); found != variable.attributes.end())
    if (auto const* range = std::get_if<std::vector<double>>(&found->second); range != nullptr && range->size() == 2) {
      m.lowest = (*range)[0];
      m.highest = (*range)[1];
    }
  m.values = &std::get<std::vector<double>>(variable.data);
  auto const companion = [&](std::string const& suffix) -> std::vector<double> const* {
    auto const* found = results.find(variable.name + suffix);
    return found != nullptr && found->dimensions == variable.dimensions ? std::get_if<std::vector<double>>(&found->data)
                                                                        : nullptr;
  };
  m.null = companion("_null");
  m.z = companion("_z");
  m.standard_error = companion("_se");
  m.p_value = companion("_p");
  return m;
}

}  // namespace

MeasureView const& Comparison::leading() const {
  for (auto const& measure : measures)
    if (measure.name == "cka") return measure;
  for (auto const& measure : measures)
    if (!measure.distance) return measure;
  return measures.front();
}

std::vector<std::size_t> Comparison::final_checkpoints() const {
  std::vector<std::size_t> last(networks.size(), checkpoints.size());
  for (std::size_t i = 0; i < checkpoints.size(); ++i) {
    auto& known = last[checkpoints[i].network];
    if (known == checkpoints.size() || checkpoints[known].step < checkpoints[i].step) known = i;
  }
  return last;
}

std::string Comparison::reason(std::size_t row, std::size_t column) const {
  if (pair_status == nullptr) return {};
  auto const code = static_cast<std::size_t>((*pair_status)[at(row, column)]);
  return code == 0 || code >= pair_status_names.size() ? std::string() : pair_status_names[code];
}

double distance(Comparison const& comparison, MeasureView const& measure, std::size_t row, std::size_t column) {
  if (row == column) return 0;
  double const forward = (*measure.values)[comparison.at(row, column)];
  double const backward = (*measure.values)[comparison.at(column, row)];
  double const mean = std::isnan(forward) ? backward : std::isnan(backward) ? forward : 0.5 * (forward + backward);
  if (std::isnan(mean)) return mean;
  return measure.distance ? mean : std::max(0.0, 1 - mean);
}

Comparison view_comparison(ResultSet const& results, std::string const& path) {
  try {
    Comparison c;
    c.count = static_cast<std::size_t>(results.dimension("a"));
    c.label = printable_strings(results, "label");
    c.network = encode(printable_strings(results, "network"), c.networks);
    c.step = results.integers("step");
    c.depth = results.integers("depth");
    c.samples = results.integers("samples");
    c.features = results.integers("features");
    c.rank = results.integers("rank");
    c.status = printable_strings(results, "status");
    c.participation_ratio = results.doubles("participation_ratio");
    c.warnings = results.find("warnings") ? printable_strings(results, "warnings") : std::vector<std::string>(c.count);
    order_layers(c, printable_strings(results, "layer"));
    shorten_labels(c);
    find_checkpoints(c);
    find_groupings(c, results);
    for (auto const& variable : results.variables) {
      if (variable.dimensions != std::vector<std::string>{"a", "b"}) continue;
      if (variable.attributes.contains("kind") && std::holds_alternative<std::vector<double>>(variable.data))
        c.measures.push_back(view_measure(results, variable));
    }
    if (auto const* status = results.find("pair_status")) {
      c.pair_status = &std::get<std::vector<Index>>(status->data);
      c.pair_status_names = split(text_of(*status, "flag_meanings"), ' ');
    }
    if (c.measures.empty() || c.count == 0) throw std::out_of_range("they hold no measure");
    return c;
  } catch (std::logic_error const& error) {
    throw InputError(path + " is not a whole result of compare", error.what(), "run confer compare again");
  } catch (std::bad_variant_access const&) {
    throw InputError(path + " is not a whole result of compare", "a variable has another type",
                     "run confer compare again");
  }
}

}  // namespace confer::report
