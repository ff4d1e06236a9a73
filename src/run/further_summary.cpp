#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "confer/core/utf8.hpp"
#include "run/further_analyses.hpp"

namespace confer {

namespace {

constexpr std::size_t kMostRows = 16;

/// Rows under a heading; what is too much is counted.
class Lines {
 public:
  explicit Lines(std::string const& heading) : text_(heading + "\n") {}
  void add(std::string const& row) {
    if (rows_++ < kMostRows) text_ += "  " + row + "\n";
  }
  std::string text() const {
    if (rows_ == 0) return "";
    return rows_ > kMostRows ? text_ + fmt::format("  and {} more, all in the results\n", rows_ - kMostRows) : text_;
  }

 private:
  std::string text_;
  std::size_t rows_ = 0;
};

std::string convergence_lines(ResultSet const& results) {
  auto const& networks = results.strings("series_network");
  auto const& layers = results.strings("series_layer");
  auto const& mean = results.doubles("convergence_mean");
  auto const& order = results.doubles("bottom_up");
  Lines lines(
      "convergence: likeness to the last step, mean over the steps between, by layer; Kendall's tau of depth, 1 where "
      "lower layers converge first");
  for (std::size_t i = 0; i < networks.size();) {
    std::string row = fmt::format("{:<28}", printable(networks[i]));
    std::size_t const first = i;
    for (; i < networks.size() && networks[i] == networks[first]; ++i)
      row += fmt::format(" {} {:.3f}", printable(layers[i]), mean[i]);
    lines.add(row + fmt::format("   tau {:.2f}", order[first]));
  }
  return lines.text();
}

std::string sequence_lines(ResultSet const& results) {
  auto const& labels = results.strings("sequence");
  auto const& to_last = results.doubles("time_to_last");
  auto const times = static_cast<std::size_t>(results.dimension("time"));
  Lines lines("sequences: likeness of a time step to the last one, at a quarter, half and three quarters");
  for (std::size_t i = 0; i < labels.size(); ++i) {
    std::size_t length = times;
    while (length > 0 && std::isnan(to_last[i * times + length - 1])) --length;
    std::string row = fmt::format("{:<40}", printable(labels[i]));
    for (std::size_t const quarter : {1, 2, 3})
      row += length > 0 ? fmt::format(" {:6.3f}", to_last[i * times + quarter * (length - 1) / 4]) : " NaN";
    lines.add(row);
  }
  return lines.text();
}

/// Mean over pairs of networks.
struct PairMean {
  double sum = 0;
  Index pairs = 0;
  void add(double mean, Index count) {
    sum += mean * static_cast<double>(count);
    pairs += count;
  }
  std::string text() const { return fmt::format("{:.3f}", sum / static_cast<double>(pairs)); }
};

std::string group_lines(ResultSet const& results) {
  struct Row {
    std::string name;
    std::vector<std::pair<std::string, PairMean>> within;
    PairMean pooled, between;
  };
  constexpr std::size_t most_groups = 4;  // more are pooled
  auto const& keys = results.strings("group_key");
  auto const& layers = results.strings("group_layer");
  auto const &a = results.strings("group_a"), &b = results.strings("group_b");
  auto const& mean = results.doubles("group_mean");
  auto const& pairs = results.integers("group_pairs");
  std::vector<Row> rows;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (pairs[i] == 0 || std::isnan(mean[i])) continue;
    std::string const name = printable(keys[i]) + " " + printable(layers[i]);
    if (rows.empty() || rows.back().name != name) rows.push_back({name, {}, {}, {}});
    if (a[i] != b[i]) {
      rows.back().between.add(mean[i], pairs[i]);
      continue;
    }
    rows.back().within.emplace_back(printable(a[i]), PairMean{});
    rows.back().within.back().second.add(mean[i], pairs[i]);
    rows.back().pooled.add(mean[i], pairs[i]);
  }
  Lines lines("groups: mean over pairs of networks, within groups and between different ones");
  for (auto const& row : rows) {
    std::string text = fmt::format("{:<28}", row.name);
    if (row.within.size() <= most_groups)
      for (auto const& [group, within] : row.within) text += " " + group + " " + within.text();
    else
      text += " within " + row.pooled.text();
    lines.add(row.between.pairs > 0 ? text + " between " + row.between.text() : text);
  }

  auto const& clustered = results.strings("clustering_key");
  auto const& where = results.strings("clustering_layer");
  auto const& agreement = results.doubles("clustering_agreement");
  Lines found("clusters of networks: agreement with the groups (adjusted Rand index, 1 where they are the same)");
  for (std::size_t i = 0; i < clustered.size(); ++i)
    if (!std::isnan(agreement[i]))
      found.add(fmt::format("{:<40} {:7.3f}", printable(clustered[i]) + " " + printable(where[i]), agreement[i]));
  return lines.text() + found.text();
}

std::string census_lines(ResultSet const& results) {
  auto const& networks = results.strings("unit_network");
  auto const& steps = results.integers("unit_step");
  auto const& kinds = results.integers("unit_kind");
  auto const& low = results.integers("unit_low_entropy");
  Lines lines("census: units active, mixed, passive by their variances; passive by entropy");
  for (std::size_t i = 0; i < networks.size();) {
    std::size_t const first = i;
    std::array<Index, 3> counts{};
    Index entropy = 0, known = 0;
    for (; i < networks.size() && networks[i] == networks[first] && steps[i] == steps[first]; ++i) {
      if (kinds[i] >= 0) ++counts[static_cast<std::size_t>(kinds[i])], ++known;
      entropy += low[i];
    }
    auto const count = [&](std::size_t kind) { return known > 0 ? std::to_string(counts[kind]) : std::string("-"); };
    lines.add(fmt::format("{:<40} {:>4} {:>4} {:>4}   {:>4}",
                          printable(networks[first]) + "@" + std::to_string(steps[first]), count(0), count(1), count(2),
                          entropy));
  }
  return lines.text();
}

}  // namespace

std::string further_summary(ResultSet const& results) {
  std::string text;
  if (results.find("convergence") != nullptr) text += convergence_lines(results);
  if (results.find("time_to_last") != nullptr) text += sequence_lines(results);
  if (results.find("unit_kind") != nullptr) text += census_lines(results);
  if (results.find("group_mean") != nullptr) text += group_lines(results);
  return text;
}

}  // namespace confer
