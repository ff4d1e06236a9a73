#include "run/compare_summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "confer/core/text.hpp"
#include "run/next_command.hpp"

namespace confer {

bool comparison_is_complete(Catalog const& catalog, FactoredSet const& set, PairStatusRows::Counts const& pairs) {
  Index without = 0;
  for (std::size_t s = 0; s < pairs.size(); ++s) {
    auto const status = static_cast<PairStatus>(s);
    if (status != PairStatus::ok && status != PairStatus::saturated && status != PairStatus::not_selected)
      without += pairs[s];
  }
  return catalog.refusals.empty() && without == 0 &&
         std::all_of(set.summaries.begin(), set.summaries.end(), [](auto const& s) { return usable(s.status); });
}

std::string failures_text(Catalog const& catalog, std::vector<Representation> const& representations,
                          FactoredSet const& set, PairStatusRows::Counts const& pairs) {
  std::vector<std::string> lines;
  for (auto const& refusal : catalog.refusals)
    lines.push_back(fmt::format("refused {}{}: {}{}", refusal.file,
                                refusal.dataset.empty() ? "" : ", dataset " + refusal.dataset, refusal.reason,
                                refusal.advice.empty() ? "" : "; " + refusal.advice));
  for (std::size_t i = 0; i < representations.size(); ++i)
    if (!usable(set.summaries[i].status)) {
      auto const& checkpoint = catalog.checkpoints[static_cast<std::size_t>(representations[i].checkpoint)];
      lines.push_back(fmt::format("not computed: {} ({}: {}; file {})", representations[i].label,
                                  to_string(set.summaries[i].status), set.summaries[i].detail,
                                  checkpoint.shards.empty() ? "" : checkpoint.shards.front().path));
    }
  for (auto const s :
       {PairStatus::other_inputs, PairStatus::other_samples, PairStatus::other_rows, PairStatus::undefined})
    if (pairs.at(static_cast<std::size_t>(s)) > 0)
      lines.push_back(fmt::format("{} pairs without a value: {}",
                                  format_count(pairs.at(static_cast<std::size_t>(s)) / 2),
                                  pair_status_names().at(static_cast<std::size_t>(s))));
  std::string text;
  constexpr std::size_t most = 20;
  for (std::size_t i = 0; i < std::min(lines.size(), most); ++i) text += "confer: " + lines[i] + "\n";
  if (lines.size() > most) text += fmt::format("confer: and {} more, all listed in the results\n", lines.size() - most);
  return text;
}

std::string summary_text(ResultSet const& results, std::string const& path) {
  auto const& labels = results.strings("label");
  auto const count = labels.size();
  std::string text = fmt::format("{} representations compared; results in {}\n", count, path);
  auto const& rank = results.integers("rank");
  // Layers of one network are alike for reasons of their own.
  auto const& networks = results.strings("network");
  std::map<std::string, Index> numbers;
  std::vector<Index> network;
  for (auto const& name : networks) network.push_back(numbers.emplace(name, std::ssize(numbers)).first->second);
  bool const across = numbers.size() > 1;
  std::string rows;
  for (auto const& variable : results.variables) {
    auto const kind = variable.attributes.find("kind");
    if (kind == variable.attributes.end() || variable.dimensions.size() != 2) continue;
    auto const& values = std::get<std::vector<double>>(variable.data);
    bool const similarity = std::get<std::string>(kind->second) == "similarity";
    double sum = 0, best = 0;
    std::size_t pairs = 0, best_at = 0;
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t j = i + 1; j < count; ++j) {
        double const value = values[i * count + j];
        if (std::isnan(value) || rank[i] == 0 || (across && network[i] == network[j])) continue;
        if (pairs == 0 || (similarity ? value > best : value < best)) {
          best = value;
          best_at = i * count + j;
        }
        sum += value;
        ++pairs;
      }
    if (pairs > 0)
      rows +=
          fmt::format("  {:<18} mean {:7.4f}   {} {:7.4f}  {} ~ {}\n", variable.name, sum / static_cast<double>(pairs),
                      similarity ? "highest" : "closest", best, labels[best_at / count], labels[best_at % count]);
  }
  if (!rows.empty())
    text += (across ? "over pairs of different networks:\n" : "over pairs of representations:\n") + rows;
  return text + next_command(path);
}

}  // namespace confer
