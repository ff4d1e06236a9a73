#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"
#include "report/development.hpp"

namespace confer::report {

namespace {

constexpr std::size_t most_lines = 15;

/// Rows of the variables over pairs of groups.
struct Groups {
  std::vector<std::string> key, layer, a, b;
  std::vector<double> const *value, *mean, *low, *high;
  std::vector<Index> const* pairs;
  std::vector<std::string> keys, layers;  ///< distinct, in order of appearance
  std::string measure;

  bool known(std::size_t i) const { return std::isfinite((*mean)[i]); }
  bool within(std::size_t i) const { return a[i] == b[i]; }
};

void add_new(std::vector<std::string>& values, std::string const& value) {
  if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
}

Groups view(ResultSet const& results) {
  Groups g;
  g.key = shown_texts(results, "group_key");
  g.layer = shown_texts(results, "group_layer");
  g.a = shown_texts(results, "group_a");
  g.b = shown_texts(results, "group_b");
  g.value = &results.doubles("group_value_a");
  g.mean = &results.doubles("group_mean");
  g.low = &results.doubles("group_low");
  g.high = &results.doubles("group_high");
  g.pairs = &results.integers("group_pairs");
  g.measure = printable(results.text_attribute("measure", "similarity"));
  for (std::size_t i = 0; i < g.key.size(); ++i) {
    add_new(g.keys, g.key[i]);
    add_new(g.layers, g.layer[i]);
  }
  return g;
}

/// Ends of the band, which has no width where there is no interval: a field without any number has no extent.
Json band_ends() {
  return Json::array({calculate("isValid(datum.low) ? datum.low : datum.v", "band_low"),
                      calculate("isValid(datum.high) ? datum.high : datum.v", "band_high")});
}

/// A line in the band of its interval.
Json banded(Json const& x, Json const& colour, Json const& tooltip, std::string const& title) {
  Json low = quantity("band_low", title);
  return Json::array(
      {{{"mark", {{"type", "area"}, {"opacity", 0.15}}},
        {"encoding", {{"x", x}, {"y", low}, {"y2", {{"field", "band_high"}}}, {"color", colour}}}},
       {{"mark", {{"type", "line"}, {"strokeWidth", 2}, {"point", {{"filled", true}, {"size", 50}}}}},
        {"encoding", {{"x", x}, {"y", quantity("v", title)}, {"color", colour}, {"tooltip", tooltip}}}}});
}

Figure layers_figure(Groups const& g) {
  Figure figure;
  Columns columns;
  std::vector<std::string> keys;
  std::string left_out;
  for (auto const& key : g.keys) {
    std::vector<std::string> lines;
    for (bool const within : {true, false})
      for (std::size_t i = 0; i < g.key.size(); ++i)
        if (g.key[i] == key && g.within(i) == within && g.known(i))
          add_new(lines, within ? "within " + g.a[i] : g.a[i] + " – " + g.b[i]);
    if (lines.size() > most_lines) {
      lines.resize(most_lines);
      left_out = " Of many groups the first " + std::to_string(most_lines) + " lines are shown.";
    }
    bool any = false;
    for (std::size_t i = 0; i < g.key.size(); ++i) {
      if (g.key[i] != key || !g.known(i)) continue;
      std::string const line = g.within(i) ? "within " + g.a[i] : g.a[i] + " – " + g.b[i];
      if (std::find(lines.begin(), lines.end(), line) == lines.end()) continue;
      any = true;
      columns.add({{"key", key},
                   {"line", line},
                   {"layer", g.layer[i]},
                   {"v", (*g.mean)[i]},
                   {"low", number((*g.low)[i])},
                   {"high", number((*g.high)[i])},
                   {"pairs", (*g.pairs)[i]}});
      if (figure.table.rows.size() < 400)
        figure.table.rows.push_back({key, g.layer[i], line, brief((*g.mean)[i]), brief((*g.low)[i]),
                                     brief((*g.high)[i]), std::to_string((*g.pairs)[i])});
    }
    if (any) keys.push_back(key);
  }
  if (columns.rows() == 0) return figure;
  figure.title = "Within and between groups";
  figure.reading =
      "Mean likeness (" + g.measure +
      ") of the same layer in two networks at their last steps: of one group (within) or of two. Bands: 95 % bootstrap "
      "interval over networks, where every group has three or more." +
      left_out;
  figure.table.header = {"attribute", "layer", "groups", "mean", "2.5 %", "97.5 %", "pairs"};
  figure.marks = static_cast<Index>(columns.rows());
  figure.columns = columns.take();
  figure.spec = specification(figure.title);
  figure.spec["params"] = {choice("key", "groups by", keys, keys)};
  figure.spec["transform"] = band_ends();
  figure.spec["transform"].push_back({{"filter", "datum.key == key"}});
  Json const x = {{"field", "layer"},
                  {"type", "nominal"},
                  {"sort", g.layers},
                  {"title", "layer, from input to output"},
                  {"axis", {{"labelAngle", g.layers.size() > 6 ? -45 : 0}, {"labelLimit", 110}}}};
  Json const colour = {{"field", "line"},
                       {"type", "nominal"},
                       {"title", nullptr},
                       {"legend", {{"orient", "bottom"}, {"columns", 3}, {"labelLimit", 260}, {"symbolOpacity", 1}}}};
  figure.spec["layer"] = banded(x, colour,
                                {exact("line", "groups"), exact("layer", "layer"), exact("v", g.measure),
                                 exact("low", "2.5 %"), exact("high", "97.5 %"), exact("pairs", "pairs of networks")},
                                g.measure);
  return figure;
}

/// What comes before the number of a cell of several attributes.
std::string curve_of(std::string const& group) {
  auto const comma = group.rfind(", ");
  return comma == group.npos ? "" : group.substr(0, comma);
}

Figure sweep_figure(Groups const& g) {
  Figure figure;
  Columns columns;
  std::vector<std::string> keys, layers;
  for (auto const& key : g.keys) {
    std::set<double> values;
    bool numbers = true;
    for (std::size_t i = 0; i < g.key.size(); ++i)
      if (g.key[i] == key && g.within(i)) {
        numbers = numbers && std::isfinite((*g.value)[i]);
        if (g.known(i)) values.insert((*g.value)[i]);
      }
    if (!numbers || values.size() < 2) continue;
    keys.push_back(key);
    for (std::size_t i = 0; i < g.key.size(); ++i) {
      if (g.key[i] != key || !g.within(i) || !g.known(i)) continue;
      auto const curve = curve_of(g.a[i]);
      add_new(layers, g.layer[i]);
      columns.add({{"key", key},
                   {"layer", g.layer[i]},
                   {"curve", curve.empty() ? key : curve},
                   {"x", (*g.value)[i]},
                   {"v", (*g.mean)[i]},
                   {"low", number((*g.low)[i])},
                   {"high", number((*g.high)[i])},
                   {"pairs", (*g.pairs)[i]}});
    }
  }
  if (columns.rows() == 0) return figure;
  figure.shape = Figure::Shape::half;
  figure.title = "Over a numeric attribute";
  figure.reading = "Mean likeness (" + g.measure +
                   ") within groups of networks that share the value on the horizontal axis; of several attributes the "
                   "last is the axis and the others make the lines. Bands: 95 % bootstrap interval over networks.";
  figure.marks = static_cast<Index>(columns.rows());
  figure.columns = columns.take();
  figure.spec = specification(figure.title);
  std::reverse(layers.begin(), layers.end());  // the deepest layer is shown first
  figure.spec["params"] = {choice("key", "attribute", keys, keys), choice("layer", "layer", layers, layers)};
  figure.spec["transform"] = band_ends();
  figure.spec["transform"].push_back({{"filter", "datum.key == key && datum.layer == layer"}});
  Json const colour = {{"field", "curve"},
                       {"type", "nominal"},
                       {"title", nullptr},
                       {"legend", {{"orient", "bottom"}, {"columns", 3}, {"symbolOpacity", 1}}}};
  figure.spec["layer"] = banded(quantity("x", "value"), colour,
                                {exact("curve", "line"), exact("x", "value"), exact("v", g.measure),
                                 exact("low", "2.5 %"), exact("high", "97.5 %"), exact("pairs", "pairs of networks")},
                                g.measure);
  return figure;
}

Figure clusters_figure(ResultSet const& results) {
  constexpr std::size_t most_cells = 20000;
  Figure figure;
  auto const keys = shown_texts(results, "clustering_key"), layers = shown_texts(results, "clustering_layer"),
             networks = shown_texts(results, "clustered_network");
  auto const& agreement = results.doubles("clustering_agreement");
  auto const &cluster = results.integers("cluster"), &order = results.integers("cluster_order");
  Columns columns;
  std::vector<std::string> shown, rows;
  for (std::size_t i = 0; i < keys.size() && columns.rows() < most_cells; ++i) {
    if (std::isnan(agreement[i])) continue;
    add_new(shown, keys[i]);
    add_new(rows, layers[i]);
    for (std::size_t n = 0; n < networks.size(); ++n)
      if (auto const at = i * networks.size() + n; cluster[at] >= 0)
        columns.add({{"key", keys[i]},
                     {"layer", layers[i]},
                     {"network", networks[n]},
                     {"c", cluster[at]},
                     {"o", order[at]},
                     {"r", agreement[i]}});
    figure.table.rows.push_back({keys[i], layers[i], brief(agreement[i])});
  }
  if (columns.rows() == 0) return figure;
  figure.shape = networks.size() > 24 ? Figure::Shape::wide : Figure::Shape::half;
  figure.title = "Clusters of networks";
  figure.reading =
      "Networks of one colour in a row are one cluster of that layer (average linkage, cut into as many clusters as "
      "there are groups). The agreement with the groups, 1 where clusters and groups are the same, stands in the "
      "tooltip.";
  figure.table.header = {"attribute", "layer", "agreement (adjusted Rand index)"};
  figure.marks = static_cast<Index>(columns.rows());
  figure.columns = columns.take();
  figure.spec = specification(figure.title);
  figure.spec["params"] = {choice("key", "groups by", shown, shown)};
  figure.spec["transform"] = {Json{{"filter", "datum.key == key"}}};
  figure.spec["mark"] = {{"type", "rect"}, {"stroke", "white"}};
  figure.spec["encoding"] = {
      {"x",
       {{"field", "network"},
        {"type", "nominal"},
        {"sort", networks},
        {"title", nullptr},
        {"axis", {{"labelAngle", -45}, {"labelLimit", 110}, {"labelOverlap", "greedy"}}}}},
      {"y", {{"field", "layer"}, {"type", "nominal"}, {"sort", rows}, {"title", nullptr}}},
      {"color", {{"field", "c"}, {"type", "nominal"}, {"title", "cluster"}, {"legend", nullptr}}},
      {"tooltip",
       {exact("network", "network"), exact("layer", "layer"), exact("c", "cluster"), exact("o", "place in the tree"),
        exact("r", "agreement with the groups")}}};
  return figure;
}

}  // namespace

std::vector<Figure> group_figures(ResultSet const& results) {
  Groups const g = view(results);
  return {layers_figure(g), sweep_figure(g), clusters_figure(results)};
}

std::vector<Html> group_answer(ResultSet const& results) {
  Groups const g = view(results);
  std::vector<Html> answer;
  for (auto const& key : g.keys) {
    std::map<std::string, std::pair<double, double>> within, between;  // sum and weight by layer
    for (std::size_t i = 0; i < g.key.size(); ++i) {
      if (g.key[i] != key || !g.known(i)) continue;
      auto& sums = (g.within(i) ? within : between)[g.layer[i]];
      sums.first += (*g.mean)[i] * static_cast<double>((*g.pairs)[i]);
      sums.second += static_cast<double>((*g.pairs)[i]);
    }
    double widest = -std::numeric_limits<double>::infinity();
    std::string where;
    for (auto const& [layer, sums] : within)
      if (auto const other = between.find(layer); other != between.end()) {
        double const gap = sums.first / sums.second - other->second.first / other->second.second;
        if (gap > widest) {
          widest = gap;
          where = layer;
        }
      }
    if (where.empty()) continue;
    Html s;
    s.text("Networks grouped by ").strong(key).text(": the widest gap of " + g.measure + " is in ").strong(where);
    s.text(", ").strong(brief(within[where].first / within[where].second)).text(" within groups and ");
    s.strong(brief(between[where].first / between[where].second)).text(" between them.");
    answer.push_back(std::move(s));
  }
  return answer;
}

}  // namespace confer::report
