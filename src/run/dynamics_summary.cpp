#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"
#include "run/dynamics_results.hpp"

namespace confer {

bool dynamics_is_complete(DynamicsData const& data) {
  return data.catalog.refusals.empty() &&
         std::all_of(data.runs.begin(), data.runs.end(), [](auto const& run) { return run.problem.empty(); }) &&
         std::all_of(data.rows.begin(), data.rows.end(),
                     [](auto const& row) { return usable(static_cast<FitStatus>(row.fit.status)); });
}

std::string dynamics_failures(DynamicsData const& data) {
  std::vector<std::string> lines;
  for (auto const& refusal : data.catalog.refusals)
    lines.push_back(fmt::format("refused {}{}: {}{}", printable(refusal.file),
                                refusal.dataset.empty() ? "" : ", dataset " + printable(refusal.dataset),
                                refusal.reason, refusal.advice.empty() ? "" : "; " + refusal.advice));
  for (auto const& run : data.runs)
    if (!run.problem.empty())
      lines.push_back(fmt::format("not computed: {} ({})", printable(run.network), run.problem));
  // One line for each network, layer and reason, however many pairs it concerns.
  std::map<std::string, std::pair<Index, FitRow const*>> reasons;
  for (auto const& row : data.rows) {
    if (row.fit.status == static_cast<Index>(FitStatus::ok)) continue;
    auto& reason = reasons[fmt::format("{}/{} {}", row.run, row.layer, row.fit.detail)];
    ++reason.first;
    if (reason.second == nullptr) reason.second = &row;
  }
  for (auto const& [key, reason] : reasons) {
    auto const& row = *reason.second;
    auto const status = static_cast<FitStatus>(row.fit.status);
    std::string text = fmt::format("{}: {}/{}, inputs {} and {}", usable(status) ? "warning" : "not computed",
                                   printable(data.runs[row.run].network),
                                   printable(data.runs[row.run].layers[row.layer]), row.fit.input_a, row.fit.input_b);
    if (reason.first > 1) text += fmt::format(" and {} more pairs", format_count(reason.first - 1));
    lines.push_back(
        text + fmt::format(" ({}: {})", fit_status_names()[static_cast<std::size_t>(row.fit.status)], row.fit.detail));
  }
  std::string text;
  constexpr std::size_t most = 20;
  for (std::size_t i = 0; i < std::min(lines.size(), most); ++i) text += "confer: " + lines[i] + "\n";
  if (lines.size() > most) text += fmt::format("confer: and {} more, all listed in the results\n", lines.size() - most);
  return text;
}

std::string dynamics_summary(DynamicsData const& data) {
  std::size_t const applies = static_cast<std::size_t>(
      std::count_if(data.rows.begin(), data.rows.end(), [](auto const& row) { return row.fit.applies != 0; }));
  std::string text = fmt::format("{} fits, the theory applies to {}\n", data.rows.size(), applies);
  struct Group {
    Index fits = 0, applies = 0;
    std::vector<double> regime, growth, worst;
  };
  std::map<std::pair<std::size_t, std::size_t>, Group> groups;
  for (auto const& row : data.rows) {
    auto& group = groups[{row.run, row.layer}];
    ++group.fits;
    group.applies += row.fit.applies;
    if (!usable(static_cast<FitStatus>(row.fit.status))) continue;
    group.regime.push_back(row.fit.regime);
    group.growth.push_back(row.fit.h_final / row.fit.h.front());
    group.worst.push_back(std::min({row.fit.r2_h, row.fit.r2_y, row.fit.r2_w}));
  }
  auto const median = [](std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
  };
  constexpr std::size_t most = 24;
  std::size_t shown = 0;
  text += "medians over pairs: regime index, growth of h, lowest R2; fits to which the theory applies\n";
  for (auto const& [key, group] : groups) {
    if (group.regime.empty() || shown == most) continue;
    ++shown;
    text +=
        fmt::format("  {:<40} {:6.3f} {:9.3g} {:7.3f}  {} of {}\n",
                    printable(data.runs[key.first].network) + "/" + printable(data.runs[key.first].layers[key.second]),
                    median(group.regime), median(group.growth), median(group.worst), group.applies, group.fits);
  }
  if (groups.size() > shown) text += "  and more, all in the results\n";
  return text;
}

}  // namespace confer
