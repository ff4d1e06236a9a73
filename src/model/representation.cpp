#include "confer/model/representation.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <stdexcept>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"

namespace confer {

namespace {

// "a, b, c and 7 more", for messages.
std::string listing(std::vector<std::string> const& names) {
  constexpr std::size_t most = 20;
  std::vector<std::string> shown;
  for (auto const& name : names) {
    if (shown.size() == most) break;
    shown.push_back(printable(name));
  }
  std::string text = join(shown, ", ");
  if (names.size() > most) text += " and " + format_count(static_cast<Index>(names.size() - most)) + " more";
  return text;
}

// Every part of a comma list has to match something: a part that does not is a typing error.
void check_pattern(char const* option, std::string const& pattern, std::vector<std::string> const& names,
                   char const* what) {
  bool const whole_matches = std::any_of(names.begin(), names.end(), [&](auto const& n) { return n == pattern; });
  for (auto const& part : whole_matches ? std::vector{pattern} : split(pattern, ',')) {
    bool const matches = std::any_of(names.begin(), names.end(), [&](auto const& n) { return glob_match(part, n); });
    if (!matches)
      throw UsageError(std::string(option) + " " + printable(part) + " matches no " + what,
                       "there are: " + listing(names), "choose from these; * and ? are wildcards");
  }
}

/// One piece of --steps: steps first..last, both included, or the last step of each network.
struct StepRange {
  std::string text;
  Index first = std::numeric_limits<Index>::min();
  Index last = std::numeric_limits<Index>::max();
  bool final_step = false;
  bool selected_any = false;
};

std::vector<StepRange> parse_steps(std::string const& text) {
  std::vector<StepRange> ranges;
  for (auto const& piece : split(text, ',')) {
    StepRange range;
    range.text = piece;
    if (piece == "last") {
      range.final_step = true;
    } else if (piece != "all") {
      try {
        auto const ends = split(piece, ':');
        if (ends.size() > 2 || piece == ":") throw std::invalid_argument(piece);
        if (ends.size() == 1) {
          range.first = range.last = parse_index(piece);
        } else {
          if (!ends[0].empty()) range.first = parse_index(ends[0]);
          if (!ends[1].empty()) range.last = parse_index(ends[1]);
        }
      } catch (std::invalid_argument const&) {
        throw UsageError("--steps " + printable(text) + " cannot be understood",
                         "'" + printable(piece) + "' is neither a step nor a range",
                         "write all, last, or a list such as 0,100,500:2000");
      }
      if (range.first > range.last)
        throw UsageError("--steps " + printable(text) + " cannot be understood",
                         "the range " + printable(piece) + " is empty", "write the smaller step first");
    }
    ranges.push_back(range);
  }
  return ranges;
}

std::vector<Index> select_checkpoints(Catalog const& catalog, Selection const& selection) {
  std::vector<std::string> networks;
  for (auto const& checkpoint : catalog.checkpoints)
    if (networks.empty() || networks.back() != checkpoint.network) networks.push_back(checkpoint.network);
  check_pattern("--networks", selection.networks, networks, "network");

  std::map<std::string, Index> last_step;
  std::vector<Index> candidates;
  std::set<Index> steps;
  for (std::size_t i = 0; i < catalog.checkpoints.size(); ++i) {
    auto const& checkpoint = catalog.checkpoints[i];
    if (!glob_match(selection.networks, checkpoint.network)) continue;
    auto const [place, added] = last_step.emplace(checkpoint.network, checkpoint.step);
    if (!added) place->second = std::max(place->second, checkpoint.step);
    candidates.push_back(static_cast<Index>(i));
    steps.insert(checkpoint.step);
  }

  auto ranges = parse_steps(selection.steps);
  std::vector<Index> chosen;
  for (Index const i : candidates) {
    auto const& checkpoint = catalog.checkpoints[static_cast<std::size_t>(i)];
    bool wanted = false;
    for (auto& range : ranges) {
      bool const inside = range.final_step ? checkpoint.step == last_step.at(checkpoint.network)
                                           : range.first <= checkpoint.step && checkpoint.step <= range.last;
      wanted = wanted || inside;
      range.selected_any = range.selected_any || inside;
    }
    if (wanted) chosen.push_back(i);
  }
  for (auto const& range : ranges) {
    if (range.selected_any) continue;
    std::vector<std::string> there;
    for (Index const step : steps) there.push_back(std::to_string(step));
    throw UsageError("--steps " + printable(range.text) + " matches no checkpoint",
                     "there are steps: " + listing(there), "choose from these");
  }
  return chosen;
}

Representation describe(Checkpoint const& checkpoint, Index checkpoint_index, Index layer_index,
                        Selection const& selection) {
  auto const& layer = checkpoint.layers[static_cast<std::size_t>(layer_index)];
  Representation representation;
  representation.checkpoint = checkpoint_index;
  representation.layer = layer_index;
  representation.label = checkpoint.label(layer);
  representation.conv = selection.conv;
  representation.sequence = selection.sequence;
  representation.features = layer.extent(Axis::neuron);
  representation.row_meaning = "sample";

  auto const spread_rows = [&](Axis axis) {
    if (!layer.has(axis)) return;
    representation.rows_per_sample *= layer.extent(axis);
    representation.row_meaning += "," + to_string(axis) + " " + std::to_string(layer.extent(axis));
  };
  if (selection.sequence == SequenceRule::positions) spread_rows(Axis::time);
  if (selection.sequence == SequenceRule::flatten) representation.features *= layer.extent(Axis::time);
  if (selection.conv == ConvRule::positions) {
    spread_rows(Axis::height);
    spread_rows(Axis::width);
  }
  if (selection.conv == ConvRule::flatten)
    representation.features *= layer.extent(Axis::height) * layer.extent(Axis::width);

  representation.sample_begin = selection.sample_begin.value_or(0);
  Index const end = selection.sample_end.value_or(checkpoint.total_samples);
  if (representation.sample_begin < 0 || representation.sample_begin >= end || end > checkpoint.total_samples)
    throw UsageError("--samples " + std::to_string(representation.sample_begin) + ":" + std::to_string(end) +
                         " does not fit " + printable(checkpoint.label()),
                     "it has samples 0:" + std::to_string(checkpoint.total_samples),
                     "choose a range A:B with 0 <= A < B <= " + std::to_string(checkpoint.total_samples));
  representation.samples = end - representation.sample_begin;
  return representation;
}

}  // namespace

void check_steps(std::string const& text) { parse_steps(text); }

std::vector<Representation> select_representations(Catalog const& catalog, Selection const& selection) {
  auto const checkpoints = select_checkpoints(catalog, selection);
  std::vector<std::string> names;
  std::set<std::string> known;
  for (Index const i : checkpoints)
    for (auto const& layer : catalog.checkpoints[static_cast<std::size_t>(i)].layers)
      if (known.insert(layer.name).second) names.push_back(layer.name);
  check_pattern("--layers", selection.layers, names, "layer");

  std::vector<Representation> representations;
  for (Index const i : checkpoints) {
    auto const& checkpoint = catalog.checkpoints[static_cast<std::size_t>(i)];
    for (std::size_t layer = 0; layer < checkpoint.layers.size(); ++layer)
      if (glob_match(selection.layers, checkpoint.layers[layer].name))
        representations.push_back(describe(checkpoint, i, static_cast<Index>(layer), selection));
  }
  return representations;
}

Comparability comparability(Catalog const& catalog, Representation const& a, Representation const& b) {
  auto const& inputs_a = catalog.checkpoints[static_cast<std::size_t>(a.checkpoint)];
  auto const& inputs_b = catalog.checkpoints[static_cast<std::size_t>(b.checkpoint)];
  if (inputs_a.inputs_id != inputs_b.inputs_id) return Comparability::other_inputs;
  if (inputs_a.total_samples != inputs_b.total_samples || a.sample_begin != b.sample_begin || a.samples != b.samples)
    return Comparability::other_samples;
  return a.row_meaning == b.row_meaning ? Comparability::ok : Comparability::other_rows;
}

}  // namespace confer
