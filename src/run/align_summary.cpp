#include <fmt/format.h>

#include <algorithm>

#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"
#include "confer/model/factor_summary.hpp"
#include "run/align_results.hpp"
#include "run/next_command.hpp"

namespace confer {

bool alignment_is_complete(AlignmentData const& data) {
  if (!data.catalog.refusals.empty()) return false;
  for (auto const& r : data.aligned)
    for (auto const& target : r.targets)
      if (!usable(static_cast<TargetStatus>(target.status))) return false;
  return true;
}

std::string alignment_failures(AlignmentData const& data) {
  std::vector<std::string> lines;
  for (auto const& refusal : data.catalog.refusals)
    lines.push_back(fmt::format("refused {}{}: {}{}", printable(refusal.file),
                                refusal.dataset.empty() ? "" : ", dataset " + printable(refusal.dataset),
                                refusal.reason, refusal.advice.empty() ? "" : "; " + refusal.advice));
  for (std::size_t i = 0; i < data.aligned.size(); ++i) {
    auto const& r = data.aligned[i];
    std::string const label = printable(data.representations[i].label);
    if (auto const status = static_cast<RepresentationStatus>(r.status); !usable(status)) {
      lines.push_back(fmt::format("not computed: {} ({}: {})", label, to_string(status), r.detail));
      continue;
    }
    for (std::size_t t = 0; t < r.targets.size(); ++t)
      if (auto const status = r.targets[t].status; status != static_cast<Index>(TargetStatus::ok))
        lines.push_back(fmt::format("{}: {} with target {} ({}: {})",
                                    usable(static_cast<TargetStatus>(status)) ? "warning" : "not computed", label,
                                    printable(data.config.align.targets[t]),
                                    target_status_names()[static_cast<std::size_t>(status)], r.targets[t].detail));
  }
  std::string text;
  constexpr std::size_t most = 20;
  for (std::size_t i = 0; i < std::min(lines.size(), most); ++i) text += "confer: " + lines[i] + "\n";
  if (lines.size() > most) text += fmt::format("confer: and {} more, all listed in the results\n", lines.size() - most);
  return text;
}

std::string alignment_summary(AlignmentData const& data, std::string const& path) {
  std::string text =
      fmt::format("{} representations aligned with {} target{}; results in {}\n", data.aligned.size(),
                  data.config.align.targets.size(), data.config.align.targets.size() == 1 ? "" : "s", path);
  constexpr std::size_t most = 24;
  std::size_t shown = 0;
  for (std::size_t t = 0; t < data.config.align.targets.size(); ++t) {
    std::string rows;
    for (std::size_t i = 0; i < data.aligned.size() && shown < most; ++i) {
      auto const& target = data.aligned[i].targets[t];
      if (!usable(static_cast<TargetStatus>(target.status)) || target.mass.empty()) continue;
      auto const at = [](std::vector<double> const& values, std::size_t k) {
        return values[std::min(k, values.size()) - 1];
      };
      rows += fmt::format("  {:<40} {:6.3f} {:6.3f} {:6.3f}  {:6.3f}  {:>5}  {:6.3f}\n",
                          printable(data.representations[i].label), at(target.mass, 2), at(target.mass, 5),
                          at(target.mass, 10), at(target.shuffled_high, 10), target.k90, target.residual);
      ++shown;
    }
    if (!rows.empty())
      text += fmt::format("target {}: mass in the top 2, 5, 10 directions; 97.5 % of shuffled at 10; k90; residual\n{}",
                          printable(data.config.align.targets[t]), rows);
  }
  if (data.aligned.size() * data.config.align.targets.size() > shown) text += "  and more, all in the results\n";
  return text + next_command(path);
}

}  // namespace confer
