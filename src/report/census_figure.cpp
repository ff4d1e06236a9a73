#include <algorithm>
#include <array>
#include <cmath>

#include "confer/core/text.hpp"
#include "report/development.hpp"

namespace confer::report {

namespace {

constexpr std::array<char const*, 4> kinds = {"unknown", "active", "mixed", "passive"};

char const* kind_name(Index kind) { return kinds.at(static_cast<std::size_t>(std::clamp<Index>(kind, -1, 2) + 1)); }

}  // namespace

Figure census_figure(ResultSet const& results) {
  auto const networks = shown_texts(results, "unit_network");
  auto const &steps = results.integers("unit_step"), &unit = results.integers("unit_number"),
             &kind = results.integers("unit_kind"), &low = results.integers("unit_low_entropy");
  auto const &variance = results.doubles("unit_variance"), &entropy = results.doubles("unit_entropy"),
             &divergence = results.doubles("unit_divergence");
  Columns columns;
  std::vector<std::string> numbers, labels;
  Figure figure;
  for (std::size_t i = 0; i < networks.size(); ++i) {
    std::string const label = networks[i] + "@" + std::to_string(steps[i]);
    if (labels.empty() || labels.back() != label) {
      labels.push_back(label);
      numbers.push_back(std::to_string(numbers.size()));
    }
    if (figure.table.rows.size() < 400)
      figure.table.rows.push_back({label, std::to_string(unit[i]), kind_name(kind[i]), low[i] ? "yes" : "no",
                                   brief(variance[i]), brief(entropy[i]), brief(divergence[i])});
    columns.add({{"n", numbers.size() - 1},
                 {"unit", unit[i]},
                 {"kind", kind_name(kind[i])},
                 {"low", low[i] ? "yes" : "no"},
                 {"var", number(variance[i])},
                 {"h", number(entropy[i])},
                 {"kl", number(divergence[i])}});
  }
  if (columns.rows() == 0) return figure;
  figure.title = "Units of the latent layer";
  figure.reading =
      "Each point is a unit: variance of its mean over the samples, and entropy. Colours: by the variances that the "
      "encoder gives; crosses: passive by entropy, below the gap. A unit without any spread has no point.";
  figure.table.header = {"network", "unit", "kind", "passive by entropy", "variance", "entropy", "divergence"};
  figure.marks = static_cast<Index>(columns.rows());
  figure.columns = columns.take();
  figure.spec = specification(figure.title);
  figure.spec["params"] = {choice("network", "network", numbers, labels)};
  figure.spec["transform"] = {Json{{"filter", "datum.n == toNumber(network) && datum['var'] > 0"}}};
  figure.spec["mark"] = {{"type", "point"}, {"filled", true}, {"size", 80}, {"opacity", 0.85}};
  figure.spec["encoding"] = {
      {"x",
       {{"field", "var"},
        {"type", "quantitative"},
        {"scale", {{"type", "log"}}},
        {"title", "variance of the mean"},
        {"axis", {{"format", ".1~e"}}}}},
      {"y", quantity("h", "entropy (nat)")},
      {"color",
       {{"field", "kind"},
        {"type", "nominal"},
        {"title", "kind"},
        {"scale",
         {{"domain", {"active", "mixed", "passive", "unknown"}},
          {"range", {"#0072b2", "#e69f00", "#d55e00", "#777777"}}}}}},
      {"shape",
       {{"field", "low"},
        {"type", "nominal"},
        {"title", "passive by entropy"},
        {"scale", {{"domain", {"no", "yes"}}, {"range", {"circle", "cross"}}}}}},
      {"tooltip",
       {exact("unit", "unit"), exact("kind", "kind"), exact("low", "passive by entropy"), exact("var", "variance"),
        exact("h", "entropy"), exact("kl", "divergence from the prior")}}};
  return figure;
}

std::vector<Html> census_answer(ResultSet const& results) {
  auto const &kind = results.integers("unit_kind"), &low = results.integers("unit_low_entropy");
  std::array<Index, 4> counts{};
  for (Index const k : kind) ++counts.at(static_cast<std::size_t>(std::clamp<Index>(k, -1, 2) + 1));
  Index const passive = std::count(low.begin(), low.end(), Index{1});
  Html s;
  s.strong(count_of(static_cast<long long>(kind.size()), "latent unit")).text(": ");
  if (counts[0] < static_cast<Index>(kind.size()))
    s.text(format_count(counts[1]) + " active, " + format_count(counts[2]) + " mixed, " + format_count(counts[3]) +
           " passive by their variances; ");
  s.strong(format_count(passive)).text(" passive by entropy.");
  return {s};
}

}  // namespace confer::report
