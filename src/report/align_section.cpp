#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>
#include <variant>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "report/alignment.hpp"
#include "report/compare_answer.hpp"
#include "report/sections.hpp"

namespace confer::report {

namespace {

std::vector<Html> answer_of(Alignment const& a) {
  std::vector<Html> answer;
  Html s;
  s.strong(count_of(static_cast<long long>(a.representations), "representation"));
  s.text(" of " + count_of(static_cast<long long>(a.networks.size()), "network") + " against ");
  s.text(count_of(static_cast<long long>(a.targets), "target") + ": ");
  for (std::size_t t = 0; t < std::min<std::size_t>(a.targets, 5); ++t) s.text(t ? ", " : "").strong(a.target[t]);
  s.text(a.targets > 5 ? ", …." : ".");
  answer.push_back(std::move(s));
  std::size_t const k = std::min<std::size_t>(5, a.components);
  auto const* initial = a.results->find("mass_initial");
  auto const* high = a.results->find("mass_shuffled_high");
  for (std::size_t t = 0; t < std::min<std::size_t>(a.targets, 5); ++t) {
    std::size_t best = a.representations, worst = a.representations;
    Index compared = 0, risen = 0, known = 0, within = 0;
    for (std::size_t r = 0; r < a.representations; ++r) {
      double const value = a.mass("mass", r, t, k);
      if (std::isnan(value)) continue;
      if (best == a.representations || value > a.mass("mass", best, t, k)) best = r;
      if (worst == a.representations || value < a.mass("mass", worst, t, k)) worst = r;
      // What equals its start to the last digit, as raw inputs do, has not been trained.
      if (initial != nullptr && a.step[r] > 0 && !std::isnan(a.mass("mass_initial", r, t, k)) &&
          a.mass("mass_initial", r, t, k) != value) {
        ++compared;
        risen += value > a.mass("mass_initial", r, t, k);
      }
      if (high != nullptr && !std::isnan(a.mass("mass_shuffled_high", r, t, k))) {
        ++known;
        within += value <= a.mass("mass_shuffled_high", r, t, k);
      }
    }
    if (best == a.representations) continue;
    Html line;
    line.text("Best aligned with ")
        .strong(a.target[t])
        .text(" is ")
        .strong(a.label[best])
        .text(": its first " + std::to_string(k) + " singular vectors carry ");
    line.strong(brief(100 * a.mass("mass", best, t, k)) + " %").text(" of the target; least ").strong(a.label[worst]);
    line.text(" (").strong(brief(100 * a.mass("mass", worst, t, k)) + " %").text(").");
    if (compared > 0)
      line.text(" Training raised the alignment in " + format_count(risen) + " of " +
                count_of(static_cast<long long>(compared), "representation") + ".");
    if (known > 0 && within == 0)
      line.text(known == 1 ? " It is above what shuffled targets show."
                           : " All " + format_count(known) + " are above what shuffled targets show.");
    else if (known > 0)
      line.text(" " + format_count(within) + " of " + format_count(known) + (within == 1 ? " is" : " are") +
                " not above what shuffled targets show.");
    answer.push_back(std::move(line));
  }
  return answer;
}

/// Statuses of representations and targets that are not "ok", counted.
std::vector<Html> warnings_of(Alignment const& a) {
  std::vector<Html> warnings;
  add_refusals(warnings, *a.results);
  for (auto const* name : {"status", "target_status"}) {
    auto const* variable = a.results->find(name);
    if (variable == nullptr || !std::holds_alternative<std::vector<Index>>(variable->data)) continue;
    auto const meaning = variable->attributes.find("flag_meanings");
    if (meaning == variable->attributes.end()) continue;
    auto const* text = std::get_if<std::string>(&meaning->second);
    auto const names = text ? split(*text, ' ') : std::vector<std::string>();
    std::map<Index, std::vector<std::size_t>> tally;
    auto const& values = std::get<std::vector<Index>>(variable->data);
    bool const of_target = std::string(name) == "target_status";
    std::size_t const per = of_target ? a.targets : 1;
    for (std::size_t i = 0; i < values.size(); ++i)
      if (values[i] != 0) tally[values[i]].push_back(i / per);
    for (auto const& [code, members] : tally) {
      if (code < 0 || static_cast<std::size_t>(code) >= names.size()) continue;
      Html s;
      s.strong((of_target ? "target " : "representation ") + names[static_cast<std::size_t>(code)]);
      s.text(": " + count_of(static_cast<long long>(members.size()), "time") + " (" + a.label[members.front()] +
             (members.size() > 1 ? ", …)." : ")."));
      warnings.push_back(std::move(s));
    }
  }
  return warnings;
}

}  // namespace

Section align_section(ResultSet const& results, std::string const& path) {
  try {
    Alignment const a = view_alignment(results);
    Section section;
    section.title =
        "Alignment of " + count_of(static_cast<long long>(a.networks.size()), "network") + " with " +
        (a.targets == 1 ? "the target " + a.target.front() : count_of(static_cast<long long>(a.targets), "target"));
    section.answer = answer_of(a);
    section.warnings = warnings_of(a);
    Control target{"target", "target", {}};
    for (auto const& name : a.target) target.options.emplace_back(name, name);
    if (a.targets > 1) section.controls.push_back(std::move(target));
    FigureGroup group{"Where the target lies", "", {}};
    Figure by_layer = layer_figure(a), over_steps = step_figure(a, by_layer);
    for (auto* figure : {&by_layer, &over_steps})
      if (!figure->spec.is_null()) group.figures.push_back(std::move(*figure));
    for (auto& figure : {mass_figure(a), threshold_figure(a)})
      if (!figure.spec.is_null()) group.figures.push_back(figure);
    section.groups.push_back(std::move(group));
    section.provenance = provenance(results);
    return section;
  } catch (std::out_of_range const& error) {
    throw InputError(path + " is not a whole result of align", error.what(), "run confer align again");
  }
}

}  // namespace confer::report
