#include <algorithm>
#include <cmath>
#include <limits>

#include "confer/core/text.hpp"
#include "report/compare_figures.hpp"

namespace confer::report {

namespace {

constexpr std::size_t most_pairs = 60;     ///< with a curve of their own
constexpr std::size_t most_values = 3000;  ///< points per measure in the scatter

/// Largest correlation that chance alone produces: square root of the upper edge of Wachter's law (1980),
/// a = rank / (n - 1) of both sides; 1 where correlations are forced by counting.
double chance_edge(Comparison const& c, std::size_t i, std::size_t j) {
  double const freedom = static_cast<double>(c.samples[i] - 1);
  double const a = static_cast<double>(c.rank[i]) / freedom, b = static_cast<double>(c.rank[j]) / freedom;
  if (!(freedom > 0) || a + b >= 1) return 1;
  return std::sqrt(a * (1 - b)) + std::sqrt(b * (1 - a));
}

}  // namespace

Figure canonical_correlations(Comparison const& c, ResultSet const& results) {
  Figure figure;
  auto const* variable = results.find("canonical_correlation");
  if (variable == nullptr || results.find("pair_a") == nullptr || results.find("pair_b") == nullptr) return figure;
  auto const& first = results.integers("pair_a");
  auto const& second = results.integers("pair_b");
  auto const& values = results.doubles("canonical_correlation");
  auto const longest = first.empty() ? 0 : values.size() / first.size();
  // Equal layers of different networks first: these are the pairs people ask about.
  std::vector<std::size_t> pairs(first.size());
  for (std::size_t p = 0; p < pairs.size(); ++p) pairs[p] = p;
  auto const interest = [&](std::size_t p) {
    auto const i = static_cast<std::size_t>(first[p]), j = static_cast<std::size_t>(second[p]);
    return (c.layer[i] == c.layer[j] ? 0 : 2) + (c.network[i] == c.network[j] ? 1 : 0);
  };
  std::stable_sort(pairs.begin(), pairs.end(), [&](auto p, auto q) { return interest(p) < interest(q); });
  pairs.resize(std::min(pairs.size(), most_pairs));
  if (pairs.empty() || longest == 0) return figure;

  Json pair = Json::array(), component = Json::array(), v = Json::array(), edge = Json::array();
  std::vector<std::string> names, texts;
  figure.table.header = {"pair", "largest", "median", "above the edge", "chance edge"};
  for (std::size_t place = 0; place < pairs.size(); ++place) {
    auto const p = pairs[place];
    auto const i = static_cast<std::size_t>(first[p]), j = static_cast<std::size_t>(second[p]);
    double const limit = chance_edge(c, i, j);
    names.push_back(std::to_string(place));
    texts.push_back(c.short_label[i] + " | " + c.short_label[j]);
    std::size_t count = 0, above = 0;
    for (std::size_t k = 0; k < longest; ++k) {
      double const value = values[p * longest + k];
      if (!std::isfinite(value)) break;
      ++count;
      above += value > limit;
    }
    // Long spectra are thinned evenly.
    std::size_t const stride = std::max<std::size_t>(1, count / 400);
    for (std::size_t k = 0; k < count; k += stride) {
      pair.push_back(names.back());
      component.push_back(k + 1);
      v.push_back(values[p * longest + k]);
      edge.push_back(limit);
    }
    if (count > 0)
      figure.table.rows.push_back({texts.back(), brief(values[p * longest]), brief(values[p * longest + count / 2]),
                                   std::to_string(above) + " of " + std::to_string(count), brief(limit)});
  }
  figure.shape = Figure::Shape::half;
  figure.title = "Sorted canonical correlations";
  figure.reading =
      "One line per pair, the chosen one in colour: how many directions two representations share, and how exactly. "
      "The "
      "dashed line is the largest correlation that chance alone produces with this many samples; what lies below it is "
      "not "
      "evidence.";
  if (pairs.size() < first.size())
    figure.reading += " The first " + std::to_string(pairs.size()) + " of " +
                      format_count(static_cast<Index>(first.size())) + " pairs, equal layers first.";
  figure.columns = {{"pair", pair}, {"component", component}, {"v", v}, {"edge", edge}};
  figure.spec = specification(figure.title);
  Json texts_by_name = texts;
  figure.spec["params"] = {parameter("names", texts_by_name), choice("pair", "pair", names, texts)};
  figure.spec["transform"] = {calculate("names[toNumber(datum.pair)]", "name")};
  Json const x = {
      {"field", "component"}, {"type", "quantitative"}, {"title", "component"}, {"scale", {{"nice", false}}}};
  Json const y = {
      {"field", "v"}, {"type", "quantitative"}, {"title", "canonical correlation"}, {"scale", {{"domain", {0, 1}}}}};
  Json const chosen = {{{"filter", "datum.pair == pair"}}};
  Json const tooltip = {exact("name", "pair"), exact("component", "component"), exact("v", "correlation"),
                        exact("edge", "chance edge")};
  figure.spec["layer"] = Json::array(
      {{{"mark", {{"type", "line"}, {"color", "#bbb"}, {"strokeWidth", 0.8}, {"opacity", 0.6}}},
        {"encoding", {{"x", x}, {"y", y}, {"detail", {{"field", "pair"}}}}}},
       {{"transform", chosen},
        {"mark",
         {{"type", "line"},
          {"strokeWidth", 2},
          {"color", "#31688e"},
          {"point", {{"filled", true}, {"size", 18}, {"color", "#31688e"}}}}},
        {"encoding", {{"x", x}, {"y", y}, {"tooltip", tooltip}}}},
       {{"transform", {{{"filter", "datum.pair == pair && datum.component == 1"}}}},
        {"mark", {{"type", "rule"}, {"strokeDash", {5, 4}}, {"color", "#b5342b"}, {"strokeWidth", 1.5}}},
        {"encoding",
         {{"y", {{"field", "edge"}, {"type", "quantitative"}}}, {"tooltip", {exact("edge", "chance edge")}}}}}});
  figure.marks = static_cast<Index>(v.size());
  return figure;
}

Figure value_against_chance(Comparison const& c) {
  Figure figure;
  Json measure = Json::array(), a = Json::array(), b = Json::array(), v = Json::array(), n = Json::array(),
       z = Json::array(), relation = Json::array();
  std::vector<std::string> names;
  std::size_t const pairs = c.count * (c.count - 1);
  std::size_t const stride = std::max<std::size_t>(1, pairs / most_values);
  figure.table.header = {"measure", "row", "column", "value", "chance level", "deviations"};
  for (auto const& m : c.measures) {
    if (m.null == nullptr) continue;
    std::size_t shown = 0, seen = 0;
    for (std::size_t i = 0; i < c.count; ++i)
      for (std::size_t j = 0; j < c.count; ++j) {
        if (i == j || (m.symmetric && j > i)) continue;
        double const value = (*m.values)[c.at(i, j)], null = (*m.null)[c.at(i, j)];
        if (!std::isfinite(value) || !std::isfinite(null) || seen++ % stride != 0) continue;
        measure.push_back(m.name);
        a.push_back(i);
        b.push_back(j);
        v.push_back(value);
        n.push_back(null);
        double const score = m.z ? (*m.z)[c.at(i, j)] : std::numeric_limits<double>::quiet_NaN();
        z.push_back(number(score));
        relation.push_back(c.network[i] == c.network[j] ? 0 : c.layer[i] == c.layer[j] ? 1 : 2);
        if (shown++ < 20)
          figure.table.rows.push_back(
              {m.name, c.short_label[i], c.short_label[j], brief(value), brief(null), brief(score)});
      }
    if (shown > 0) names.push_back(m.name);
  }
  if (names.empty()) return figure;
  figure.shape = Figure::Shape::half;
  figure.title = "Value against chance";
  figure.reading =
      "Every point is a pair. On the dashed line, the value is what unrelated representations of these ranks would "
      "show; "
      "only the distance above it is similarity.";
  if (stride > 1) figure.reading += " Every " + format_count(static_cast<Index>(stride)) + "th pair is drawn.";
  figure.table.omitted = "At most 20 pairs of each measure.";
  figure.columns = {{"measure", measure}, {"a", a}, {"b", b}, {"v", v}, {"n", n}, {"z", z}, {"r", relation}};
  figure.spec = specification(figure.title);
  auto const leading = std::find(names.begin(), names.end(), c.leading().name);
  figure.spec["params"] = {parameter("labels", c.label),
                           parameter("relations", {"same network", "same layer, different networks", "other"}),
                           choice("chance_measure", "measure", names, names)};
  if (leading != names.end()) figure.spec["params"].back()["value"] = *leading;
  figure.spec["transform"] = {{{"filter", "datum.measure == chance_measure"}},
                              calculate("labels[datum.a]", "row"),
                              calculate("labels[datum.b]", "column"),
                              calculate("relations[datum.r]", "relation")};
  Json const x = {{"field", "n"}, {"type", "quantitative"}, {"title", "chance level"}, {"scale", {{"zero", true}}}};
  Json const y = {{"field", "v"}, {"type", "quantitative"}, {"title", "value"}, {"scale", {{"zero", true}}}};
  figure.spec["layer"] = Json::array(
      {{{"transform", {{{"aggregate", {{{"op", "max"}, {"field", "n"}, {"as", "end"}}}}}, calculate("0", "start")}},
        {"mark", {{"type", "rule"}, {"strokeDash", {5, 4}}, {"color", "#777"}}},
        {"encoding",
         {{"x", {{"field", "start"}, {"type", "quantitative"}, {"title", "chance level"}}},
          {"x2", {{"field", "end"}}},
          {"y", {{"field", "start"}, {"type", "quantitative"}, {"title", "value"}}},
          {"y2", {{"field", "end"}}}}}},
       {{"mark", {{"type", "point"}, {"filled", true}, {"size", 26}, {"opacity", 0.65}}},
        {"encoding",
         {{"x", x},
          {"y", y},
          {"color",
           {{"field", "relation"},
            {"type", "nominal"},
            {"title", nullptr},
            {"sort", {"same network", "same layer, different networks", "other"}},
            {"scale",
             {{"domain", {"same network", "same layer, different networks", "other"}},
              {"range", {"#31688e", "#e69f00", "#9a9a9a"}}}},
            {"legend", {{"orient", "bottom"}, {"columns", {{"expr", "width > 420 ? 3 : 1"}}}, {"labelLimit", 260}}}}},
          {"tooltip",
           {exact("row", "row"), exact("column", "column"), exact("v", "value"), exact("n", "chance level"),
            exact("z", "deviations above chance")}}}}}});
  figure.marks = static_cast<Index>(v.size());
  return figure;
}

}  // namespace confer::report
