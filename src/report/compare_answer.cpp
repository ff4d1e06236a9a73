#include "report/compare_answer.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "confer/core/text.hpp"

namespace confer::report {

namespace {

/// A pair and its value; both directions averaged.
struct Scored {
  std::size_t i, j;
  double value;
};

double pair_value(Comparison const& c, MeasureView const& m, std::size_t i, std::size_t j) {
  double const forward = (*m.values)[c.at(i, j)], backward = (*m.values)[c.at(j, i)];
  return std::isnan(forward) ? backward : std::isnan(backward) ? forward : 0.5 * (forward + backward);
}

/// Sorted from most to least alike; pairs of different networks only, where there are several.
std::vector<Scored> extremes(Comparison const& c, MeasureView const& m) {
  std::vector<Scored> most, least;
  auto const alike = [&](Scored const& x, Scored const& y) {
    return m.distance ? x.value < y.value : x.value > y.value;
  };
  auto const keep = [](std::vector<Scored>& best, Scored const& pair, auto const& before) {
    if (best.size() == 3 && !before(pair, best.back())) return;
    best.insert(std::upper_bound(best.begin(), best.end(), pair, before), pair);
    if (best.size() > 3) best.pop_back();
  };
  for (std::size_t i = 0; i < c.count; ++i)
    for (std::size_t j = i + 1; j < c.count; ++j) {
      if (c.networks.size() > 1 && c.network[i] == c.network[j]) continue;
      double const value = pair_value(c, m, i, j);
      if (std::isnan(value)) continue;
      keep(most, {i, j, value}, alike);
      keep(least, {i, j, value}, [&](Scored const& x, Scored const& y) { return alike(y, x); });
    }
  if (most.empty()) return {};
  return {most.front(), least.front()};
}

void add_counts(std::vector<Html>& answer, Comparison const& c) {
  Html s;
  s.strong(count_of(static_cast<long long>(c.count), "representation")).text(" compared: ");
  s.text(count_of(static_cast<long long>(c.networks.size()), "network"));
  if (c.checkpoints.size() > c.networks.size())
    s.text(", " + count_of(static_cast<long long>(c.checkpoints.size()), "checkpoint"));
  s.text(", " + count_of(static_cast<long long>(c.layers.size()), "layer"));
  auto const [low, high] = std::minmax_element(c.samples.begin(), c.samples.end());
  s.text(", each with " + format_count(*low) + (*low == *high ? "" : " to " + format_count(*high)) +
         " rows of activations, by " + count_of(static_cast<long long>(c.measures.size()), "measure") + ".");
  answer.push_back(std::move(s));
}

void add_extremes(std::vector<Html>& answer, Comparison const& c, MeasureView const& m) {
  auto const pairs = extremes(c, m);
  if (pairs.empty()) {
    answer.push_back(Html().text("By ").strong(m.name).text(" no pair of different networks has a value."));
    return;
  }
  Html s;
  s.text("By ").strong(m.name).text(c.networks.size() > 1
                                        ? ", the most similar representations of different networks are "
                                        : ", the most similar representations are ");
  s.strong(c.label[pairs[0].i]).text(" and ").strong(c.label[pairs[0].j]);
  s.text(" (").strong(brief(pairs[0].value)).text("), the least similar ");
  s.strong(c.label[pairs[1].i])
      .text(" and ")
      .strong(c.label[pairs[1].j])
      .text(" (")
      .strong(brief(pairs[1].value))
      .text(").");
  answer.push_back(std::move(s));
}

/// Mean over pairs of networks at their last step, by layer.
void add_layers(std::vector<Html>& answer, Comparison const& c, MeasureView const& m) {
  std::vector<double> sum(c.layers.size()), number_of(c.layers.size());
  auto const last = c.final_checkpoints();
  for (std::size_t a = 0; a < last.size(); ++a)
    for (std::size_t b = a + 1; b < last.size(); ++b)
      for (auto const i : c.checkpoints[last[a]].representations)
        for (auto const j : c.checkpoints[last[b]].representations) {
          double const value = c.layer[i] == c.layer[j] ? pair_value(c, m, i, j) : std::nan("");
          if (std::isnan(value)) continue;
          sum[c.layer[i]] += value;
          number_of[c.layer[i]] += 1;
        }
  std::vector<std::size_t> known;
  for (std::size_t layer = 0; layer < sum.size(); ++layer)
    if (number_of[layer] > 0) known.push_back(layer);
  if (known.size() < 2) return;
  auto const mean = [&](std::size_t layer) { return sum[layer] / number_of[layer]; };
  auto const [low, high] =
      std::minmax_element(known.begin(), known.end(), [&](auto a, auto b) { return mean(a) < mean(b); });
  auto const most = m.distance ? *low : *high, least = m.distance ? *high : *low;
  Html s;
  s.text("Layer for layer, different networks agree most in ")
      .strong(c.layers[most])
      .text(" (mean ")
      .strong(brief(mean(most)));
  s.text(") and least in ").strong(c.layers[least]).text(" (").strong(brief(mean(least))).text(").");
  answer.push_back(std::move(s));
}

/// The most frequent layers of a cluster, and the group and the steps it is confined to: "fc1, logits of memorizing".
std::string composition(Comparison const& c, std::vector<std::size_t> const& members) {
  std::map<std::size_t, std::size_t> tally;
  for (auto const i : members) ++tally[c.layer[i]];
  std::vector<std::pair<std::size_t, std::size_t>> sorted(tally.begin(), tally.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](auto const& x, auto const& y) { return x.second > y.second; });
  std::vector<std::string> parts;
  for (auto const& [layer, times] : sorted) {
    if (parts.size() == 4) {
      parts.push_back("others");
      break;
    }
    parts.push_back(c.layers[layer]);
  }
  std::string text = join(parts, ", ");
  for (std::size_t g = c.groupings.size(); g-- > 0;) {
    auto const& grouping = c.groupings[g];
    auto const value = grouping.of_representation[members.front()];
    if (grouping.values.size() < 2 ||
        !std::all_of(members.begin(), members.end(), [&](auto i) { return grouping.of_representation[i] == value; }))
      continue;
    text += " of " + (g == 0 ? "" : grouping.name + " ") + grouping.values[value];
    break;
  }
  auto const [first, last] = std::minmax_element(c.step.begin(), c.step.end());
  Index low = *last, high = *first;
  for (auto const i : members) {
    low = std::min(low, c.step[i]);
    high = std::max(high, c.step[i]);
  }
  if (c.checkpoints.size() > c.networks.size() && (low > *first || high < *last))
    text += low == high ? " at step " + std::to_string(low)
                        : " at steps " + std::to_string(low) + " to " + std::to_string(high);
  return text;
}

/// How well a grouping agrees with the clusters, corrected for chance.
double agreement(std::vector<std::size_t> const& x, std::vector<std::size_t> const& y) {
  return adjusted_rand_index(std::vector<Index>(x.begin(), x.end()), std::vector<Index>(y.begin(), y.end()));
}

void add_clusters(std::vector<Html>& answer, Comparison const& c, MeasureView const& m,
                  std::vector<std::size_t> const& cluster) {
  std::size_t const count = cluster.empty() ? 0 : *std::max_element(cluster.begin(), cluster.end()) + 1;
  if (count < 2) {
    if (c.count >= 3)
      answer.push_back(
          Html().text("No division of the representations into clusters stands out by ").text(m.name).text("."));
    return;
  }
  std::vector<std::vector<std::size_t>> members(count);
  for (std::size_t i = 0; i < cluster.size(); ++i) members[cluster[i]].push_back(i);
  // What explains the clusters best: the layer, the network, or an attribute of the files?
  std::string by = "layer";
  double best = agreement(cluster, c.layer);
  for (auto const& grouping : c.groupings)
    if (double const index = agreement(cluster, grouping.of_representation); index > best) {
      best = index;
      by = grouping.name;
    }
  Html s;
  s.text("They fall into ").strong(std::to_string(count) + " clusters");
  if (best > 0.25) s.text(", best told apart by ").strong(by).text(" (adjusted Rand index " + brief(best) + ")");
  s.text(": ");
  for (std::size_t k = 0; k < std::min<std::size_t>(count, 6); ++k) {
    if (k > 0) s.text("; ");
    s.strong(std::to_string(k + 1))
        .text(" with " + format_count(static_cast<Index>(members[k].size())) + " (" + composition(c, members[k]) + ")");
  }
  bool const incomplete =
      std::any_of(m.values->begin(), m.values->end(), [](double value) { return std::isnan(value); });
  s.text(incomplete ? ". Pairs without a value count as far apart." : ".");
  answer.push_back(std::move(s));
}

void add_chance(std::vector<Html>& answer, Comparison const& c, MeasureView const& m) {
  if (m.z == nullptr) return;
  Index pairs = 0, near = 0;
  for (std::size_t i = 0; i < c.count; ++i)
    for (std::size_t j = 0; j < i; ++j) {
      double const z = (*m.z)[c.at(i, j)];
      if (!std::isfinite(z)) continue;
      ++pairs;
      near += z < 3;
    }
  if (pairs == 0) return;
  Html s;
  if (near == 0) {
    s.strong(pairs == 1 ? "The only pair lies" : "All " + format_count(pairs) + " pairs lie");
    s.text(" at least three standard deviations above what unrelated representations of these ranks would show.");
  } else {
    s.strong(format_count(near) + " of " + format_count(pairs) + (pairs == 1 ? " pair" : " pairs"))
        .text(near == 1 ? " lies" : " lie");
    s.text(
        " less than three standard deviations above what unrelated representations of these ranks would show: no "
        "evidence "
        "of similarity.");
  }
  answer.push_back(std::move(s));
}

/// Equal warnings of several representations; those that begin with a count are equal but for it.
struct Tally {
  std::vector<std::string> labels;
  Index least = 0, most = 0;
};

void count_warning(std::map<std::string, Tally>& tallies, std::string const& warning, std::string const& label) {
  auto const end = warning.find_first_not_of("0123456789,");
  Index number = 0;
  if (end != 0 && end != warning.npos)
    for (char const digit : warning.substr(0, end))
      if (digit != ',' && number < 1000000000) number = 10 * number + (digit - '0');
  auto& tally = tallies[number > 0 ? warning.substr(end) : warning];
  tally.least = tally.labels.empty() ? number : std::min(tally.least, number);
  tally.most = std::max(tally.most, number);
  tally.labels.push_back(label);
}

void add_tallies(std::vector<Html>& warnings, std::map<std::string, Tally> const& tallies) {
  for (auto const& [text, tally] : tallies) {
    std::string number;
    if (tally.most > 0) number = format_count(tally.least);
    if (tally.most > tally.least) number += " to " + format_count(tally.most);
    Html s;
    s.strong(number + text).text(": " + count_of(static_cast<long long>(tally.labels.size()), "representation") + " (");
    for (std::size_t i = 0; i < std::min<std::size_t>(tally.labels.size(), 3); ++i)
      s.text(i ? ", " : "").text(tally.labels[i]);
    s.text(tally.labels.size() > 3 ? ", …)." : ").");
    warnings.push_back(std::move(s));
  }
}

}  // namespace

std::vector<Html> comparison_answer(Comparison const& c, std::vector<std::size_t> const& cluster) {
  std::vector<Html> answer;
  auto const& m = c.leading();
  add_counts(answer, c);
  add_extremes(answer, c, m);
  add_layers(answer, c, m);
  add_clusters(answer, c, m, cluster);
  add_chance(answer, c, m);
  return answer;
}

void add_refusals(std::vector<Html>& warnings, ResultSet const& results) {
  if (results.find("refused") == nullptr || results.find("refused_reason") == nullptr) return;
  auto const& labels = results.strings("refused");
  auto const& reasons = results.strings("refused_reason");
  constexpr std::size_t most = 20;
  for (std::size_t i = 0; i < std::min(labels.size(), most); ++i)
    warnings.push_back(Html().text("Refused: ").strong(labels[i]).text(" (" + reasons[i] + ")."));
  if (labels.size() > most)
    warnings.push_back(
        Html().text("And " + count_of(static_cast<long long>(labels.size() - most), "further refusal") + "."));
}

std::vector<Html> comparison_warnings(Comparison const& c, ResultSet const& results) {
  std::vector<Html> warnings;
  add_refusals(warnings, results);
  std::map<std::string, Tally> by_status, by_warning;
  for (std::size_t i = 0; i < c.count; ++i) {
    if (c.status[i] != "ok") count_warning(by_status, "status " + c.status[i], c.label[i]);
    for (auto const& warning : split(c.warnings[i], ';'))
      if (!warning.empty()) count_warning(by_warning, warning, c.label[i]);
  }
  add_tallies(warnings, by_status);
  add_tallies(warnings, by_warning);
  if (c.pair_status != nullptr) {
    std::map<Index, Index> tally;
    for (std::size_t i = 0; i < c.count; ++i)
      for (std::size_t j = 0; j < i; ++j) ++tally[(*c.pair_status)[c.at(i, j)]];
    for (auto const& [code, pairs] : tally) {
      auto const place = static_cast<std::size_t>(code);
      if (code == 0 || place >= c.pair_status_names.size()) continue;
      Html s;
      s.strong(count_of(pairs, "pair") + ": " + c.pair_status_names[place]).text(".");
      warnings.push_back(std::move(s));
    }
  }
  return warnings;
}

}  // namespace confer::report
