#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"
#include "report/compare_answer.hpp"
#include "report/matching.hpp"
#include "report/sections.hpp"

namespace confer::report {

namespace {

/// Mean over the pairs of each layer.
std::map<std::string, double> by_layer(MatchingView const& view, std::string const& variable) {
  std::map<std::string, std::pair<double, double>> sums;
  for (auto const p : view.matched) {
    auto& [sum, count] = sums[view.layer[p]];
    sum += view.of_pair(variable, p);
    ++count;
  }
  std::map<std::string, double> means;
  for (auto const& [layer, sum] : sums) means[layer] = sum.first / sum.second;
  return means;
}

std::vector<Html> answer_of(MatchingView const& view) {
  std::vector<Html> answer;
  Html what;
  what.strong(count_of(static_cast<long long>(view.pairs), "pair")).text(" of layers matched, neuron by neuron.");
  answer.push_back(std::move(what));
  if (view.matched.empty()) return answer;
  auto const matched = by_layer(view, "one_to_one"), rotated = by_layer(view, "one_to_one_rotated"),
             shuffled = by_layer(view, "one_to_one_shuffled"), agreed = by_layer(view, "agreement");
  auto const less = [](auto const& x, auto const& y) { return x.second < y.second; };
  auto const best = std::ranges::max_element(matched, less), worst = std::ranges::min_element(matched, less);
  Html line;
  line.text("Neurons correspond best in ").strong(best->first).text(": matched one to one they correlate by ");
  line.strong(brief(best->second)).text(" on average, against ").strong(brief(rotated.at(best->first)));
  line.text(" when one network is rotated and ").strong(brief(shuffled.at(best->first))).text(" by chance.");
  if (best->first != worst->first)
    line.text(" Least in ").strong(worst->first).text(" (").strong(brief(worst->second)).text(").");
  answer.push_back(std::move(line));
  Html share;
  share.text("Where a neuron is used once, its match is also its best partner for ");
  share.strong(brief(100 * agreed.at(best->first)) + " %").text(" of the neurons in " + best->first);
  if (best->first != worst->first)
    share.text(" and ").strong(brief(100 * agreed.at(worst->first)) + " %").text(" in " + worst->first);
  share.text(": the others share partners.");
  answer.push_back(std::move(share));
  std::size_t not_above = 0;
  for (auto const& [layer, value] : matched) not_above += value <= rotated.at(layer) ? 1 : 0;
  if (not_above > 0) {
    Html caution;
    caution.strong(count_of(static_cast<long long>(not_above), "layer"));
    caution.text(not_above == 1 ? " does" : " do")
        .text(" not exceed the rotated control: single neurons are not what is shared there.");
    answer.push_back(std::move(caution));
  }
  return answer;
}

std::vector<Html> warnings_of(ResultSet const& results, MatchingView const& view) {
  std::vector<Html> warnings;
  add_refusals(warnings, results);
  auto const& status = results.at("pair_status");
  auto const meaning = status.attributes.find("flag_meanings");
  auto const names = meaning == status.attributes.end() ? std::vector<std::string>()
                                                        : split(std::get<std::string>(meaning->second), ' ');
  std::map<Index, std::vector<std::size_t>> tally;
  auto const& values = results.integers("pair_status");
  for (std::size_t p = 0; p < values.size(); ++p)
    if (values[p] != 0) tally[values[p]].push_back(p);
  for (auto const& [code, members] : tally) {
    if (code < 0 || static_cast<std::size_t>(code) >= names.size()) continue;
    Html s;
    s.strong("not matched, " + names[static_cast<std::size_t>(code)]);
    s.text(": " + count_of(static_cast<long long>(members.size()), "pair") + " (" + view.pair[members.front()] +
           (members.size() > 1 ? ", …)." : ")."));
    warnings.push_back(std::move(s));
  }
  auto const &dead = results.integers("dead_neurons"), &features = results.integers("features");
  auto const& labels = results.strings("label");
  for (std::size_t r = 0; r < dead.size(); ++r) {
    if (dead[r] == 0 || dead[r] == features[r]) continue;
    Html s;
    s.strong(format_count(dead[r]) + " of " + format_count(features[r]) + " neurons").text(" of ");
    s.text(printable(labels[r])).text(" do not vary and are left out.");
    warnings.push_back(std::move(s));
  }
  return warnings;
}

Table maps_table(ResultSet const& results, MatchingView const& view) {
  Table table;
  if (results.find("map_r2") == nullptr) return table;
  auto const& maps = results.strings("map");
  table.header = {"pair", "direction", "map", "held-out R2", "Rank-1", "same class", "chance"};
  for (auto const p : view.matched)
    for (std::size_t d = 0; d < 2; ++d)
      for (std::size_t m = 0; m < maps.size(); ++m) {
        std::size_t const place = (2 * p + d) * maps.size() + m;
        if (table.rows.size() == 400) {
          table.omitted = "The first 400 rows; confer table writes all numbers.";
          return table;
        }
        table.rows.push_back({view.pair[p], d == 0 ? "b to a" : "a to b", maps[m],
                              brief(results.doubles("map_r2")[place]), brief(results.doubles("map_rank1")[place]),
                              brief(results.doubles("map_same_class")[place]),
                              brief(results.doubles("map_chance")[p])});
      }
  return table;
}

}  // namespace

Section match_section(ResultSet const& results, std::string const& path) {
  try {
    MatchingView const view = view_matching(results);
    Section section;
    section.title =
        "Correspondence of neurons in " + count_of(static_cast<long long>(view.pairs), "pair") + " of layers";
    section.answer = answer_of(view);
    section.warnings = warnings_of(results, view);
    if (!view.shown.empty()) {
      Control pair{"pair", "pair of layers", {}};
      for (auto const p : view.shown) pair.options.emplace_back(view.pair[p], view.pair[p]);
      if (view.shown.size() > 1) section.controls.push_back(std::move(pair));
      FigureGroup group{"Which neurons are the same", "", {}};
      for (auto& figure : {layers_of_matching(view), sorted_correlations(view), error_against_weights(view),
                           matched_matrices(view), clustered_matrix(view)})
        if (!figure.spec.is_null()) group.figures.push_back(figure);
      section.groups.push_back(std::move(group));
    }
    if (Table maps = maps_table(results, view); !maps.rows.empty())
      section.tables.emplace_back("Maps from one embedding to the other", std::move(maps));
    section.provenance = provenance(results);
    return section;
  } catch (std::out_of_range const& error) {
    throw InputError(path + " is not a whole result of match", error.what(), "run confer match again");
  }
}

}  // namespace confer::report
