#include <fmt/format.h>

#include <algorithm>

#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"
#include "confer/model/factor_summary.hpp"
#include "run/match_results.hpp"

namespace confer {

bool match_is_complete(MatchData const& data) {
  return data.catalog.refusals.empty() &&
         std::ranges::all_of(data.own,
                             [](auto const& own) { return usable(static_cast<RepresentationStatus>(own.status)); }) &&
         std::ranges::all_of(data.matched,
                             [](auto const& pair) { return pair.status == static_cast<Index>(MatchStatus::ok); });
}

std::string match_failures(MatchData const& data) {
  std::vector<std::string> lines;
  for (auto const& refusal : data.catalog.refusals)
    lines.push_back(fmt::format("refused {}{}: {}{}", printable(refusal.file),
                                refusal.dataset.empty() ? "" : ", dataset " + printable(refusal.dataset),
                                refusal.reason, refusal.advice.empty() ? "" : "; " + refusal.advice));
  for (std::size_t i = 0; i < data.own.size(); ++i)
    if (auto const status = static_cast<RepresentationStatus>(data.own[i].status); !usable(status))
      lines.push_back(fmt::format("not computed: {} ({}: {})", printable(data.representations[i].label),
                                  to_string(status), data.own[i].detail));
  auto const names = match_status_names();
  for (std::size_t i = 0; i < data.matched.size(); ++i) {
    auto const& pair = data.matched[i];
    if (pair.status == static_cast<Index>(MatchStatus::ok)) continue;
    lines.push_back(fmt::format("not matched: {} with {} ({}{})",
                                printable(data.representations[static_cast<std::size_t>(data.pairs[i].first)].label),
                                printable(data.representations[static_cast<std::size_t>(data.pairs[i].second)].label),
                                names[static_cast<std::size_t>(pair.status)],
                                pair.detail.empty() ? "" : ": " + printable(pair.detail)));
  }
  std::string text;
  constexpr std::size_t most = 20;
  for (std::size_t i = 0; i < std::min(lines.size(), most); ++i) text += "confer: " + lines[i] + "\n";
  if (lines.size() > most) text += fmt::format("confer: and {} more, all listed in the results\n", lines.size() - most);
  return text;
}

std::string match_summary(MatchData const& data, std::string const& path) {
  std::string text = fmt::format("{} matched; results in {}\n",
                                 format_count(static_cast<Index>(data.matched.size())) +
                                     (data.matched.size() == 1 ? " pair of layers" : " pairs of layers"),
                                 path);
  constexpr std::size_t most = 24;
  std::string rows;
  for (std::size_t i = 0; i < std::min(most, data.matched.size()); ++i) {
    auto const& pair = data.matched[i];
    if (pair.status != static_cast<Index>(MatchStatus::ok)) continue;
    auto const& x = data.representations[static_cast<std::size_t>(data.pairs[i].first)];
    auto const& y = data.representations[static_cast<std::size_t>(data.pairs[i].second)];
    rows += fmt::format("  {:<64} {:6.3f} {:6.3f}  {:6.3f}  {:6.3f} {:6.3f} {:6.3f}\n",
                        printable(x.label) + " ~ " + printable(y.label), pair.sides[0].mean, pair.sides[1].mean,
                        pair.mean, pair.agreement, pair.mean_rotated, pair.mean_shuffled);
  }
  if (!rows.empty())
    text +=
        "mean correlation of neurons: best partner of a's, of b's; one to one; share where both agree; one to one "
        "with b rotated, with b's rows shuffled\n" +
        rows;
  if (data.matched.size() > most) text += "  and more, all in the results\n";
  return text + "next: confer report " + path + " --output report.html\n";
}

}  // namespace confer
