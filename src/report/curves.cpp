#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "report/compare_figures.hpp"

namespace confer::report {

namespace {

constexpr std::size_t most_lines = 12;

/// A number at the given share of sorted values, by linear interpolation.
double quantile(std::vector<double> const& sorted, double share) {
  double const place = share * static_cast<double>(sorted.size() - 1);
  auto const low = static_cast<std::size_t>(place);
  auto const high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (place - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

/// The representation of a layer in each network's last checkpoint, or count where there is none.
std::vector<std::vector<std::size_t>> last_states(Comparison const& c) {
  std::vector<std::vector<std::size_t>> of_layer(c.layers.size(), std::vector<std::size_t>(c.networks.size(), c.count));
  for (auto const checkpoint : c.final_checkpoints())
    for (auto const r : c.checkpoints[checkpoint].representations) of_layer[c.layer[r]][c.network[r]] = r;
  return of_layer;
}

struct Columns {
  Json measure = Json::array(), grouping = Json::array(), line = Json::array(), layer = Json::array(),
       mean = Json::array(), low = Json::array(), high = Json::array(), pairs = Json::array();
};

std::string line_name(std::string const& a, std::string const& b) { return a <= b ? a + " – " + b : b + " – " + a; }

Json layer_axis(Comparison const& c) {
  return {{"field", "layer"},
          {"type", "nominal"},
          {"sort", c.layers},
          {"title", "layer, from input to output"},
          {"axis", {{"labelAngle", c.layers.size() > 6 ? -45 : 0}, {"labelLimit", 110}, {"labelOverlap", "greedy"}}}};
}

/// The chosen measure above the figure: axis titles cannot follow a parameter, titles can.
Json measure_title() {
  return {{"text", {{"expr", "measure"}}},
          {"anchor", "start"},
          {"fontSize", 12},
          {"fontWeight", "normal"},
          {"color", "#5b6675"}};
}

Json measure_filter() { return {{"filter", "datum.measure == measure"}}; }

}  // namespace

std::vector<std::pair<std::string, std::string>> measure_options(Comparison const& c) {
  std::vector<std::pair<std::string, std::string>> options;
  for (auto const& m : c.measures)
    options.emplace_back(m.name, m.long_name.empty() ? m.name : m.name + " – " + m.long_name);
  return options;
}

Figure layer_curves(Comparison const& c) {
  Figure figure;
  auto const states = last_states(c);
  Columns columns;
  std::vector<std::string> names, texts;
  std::vector<std::string> lines;
  Index points = 0;
  for (auto const& grouping : c.groupings) {
    bool const by_network = &grouping == &c.groupings.front();
    // Too many networks for a line each are one line together.
    bool const together = by_network && c.networks.size() * (c.networks.size() - 1) / 2 > most_lines;
    // Lines are pairs of groups; their values at a layer come from pairs of different networks.
    std::map<std::string, std::map<std::size_t, std::vector<std::pair<std::size_t, std::size_t>>>> pairs;
    for (std::size_t layer = 0; layer < c.layers.size(); ++layer)
      for (std::size_t a = 0; a < c.networks.size(); ++a)
        for (std::size_t b = a + 1; b < c.networks.size(); ++b) {
          auto const i = states[layer][a], j = states[layer][b];
          if (i == c.count || j == c.count) continue;
          auto const name =
              line_name(grouping.values[grouping.of_representation[i]], grouping.values[grouping.of_representation[j]]);
          pairs[name][layer].emplace_back(i, j);
        }
    if (pairs.empty() || pairs.size() > 2 * most_lines) continue;
    names.push_back(std::to_string(names.size()));
    texts.push_back(together ? "all networks" : by_network ? "pair of networks" : grouping.name);
    for (auto const& [name, by_layer] : pairs) {
      lines.push_back(name);
      for (auto const& [layer, members] : by_layer)
        for (auto const& m : c.measures) {
          std::vector<double> values;
          for (auto const& [i, j] : members) {
            double const forward = (*m.values)[c.at(i, j)], backward = (*m.values)[c.at(j, i)];
            if (std::isfinite(forward)) values.push_back(forward);
            if (!m.symmetric && std::isfinite(backward)) values.push_back(backward);
          }
          if (values.empty()) continue;
          std::sort(values.begin(), values.end());
          double sum = 0;
          for (double const value : values) sum += value;
          double const mean = sum / static_cast<double>(values.size());
          columns.measure.push_back(m.name);
          columns.grouping.push_back(names.back());
          columns.line.push_back(name);
          columns.layer.push_back(c.layers[layer]);
          columns.mean.push_back(mean);
          columns.low.push_back(quantile(values, 0.05));
          columns.high.push_back(quantile(values, 0.95));
          columns.pairs.push_back(members.size());
          ++points;
          if (&m == &c.leading())
            figure.table.rows.push_back({name, c.layers[layer], brief(mean), brief(quantile(values, 0.05)),
                                         brief(quantile(values, 0.95)), std::to_string(members.size())});
        }
    }
  }
  if (points == 0) return figure;
  figure.title = "Layer by layer";
  figure.reading =
      "The same layer in two networks, each at its last step, from input to output. Lines: mean over pairs of "
      "different "
      "networks; bands: the middle 90 % of these pairs (both directions where the measure is not symmetric).";
  figure.table.header = {"pair", "layer", c.leading().name, "5 %", "95 %", "pairs"};
  figure.columns = {
      {"measure", columns.measure}, {"grouping", columns.grouping}, {"line", columns.line}, {"layer", columns.layer},
      {"v", columns.mean},          {"low", columns.low},           {"high", columns.high}, {"pairs", columns.pairs}};
  figure.spec = specification(figure.title);
  auto& params = figure.spec["params"];
  params.push_back(parameter("measure", c.leading().name));
  // Groups say more than single pairs where there are any.
  params.push_back(choice("grouping", "lines by", names, texts));
  params.back()["value"] = names.back();
  figure.spec["transform"] = {measure_filter(), {{"filter", "datum.grouping == grouping"}}};
  Json const tooltip = {
      exact("line", "pair"), exact("layer", "layer"), exact("measure", "measure"),        exact("v", "mean"),
      exact("low", "5 %"),   exact("high", "95 %"),   exact("pairs", "pairs of networks")};
  Json const colour = {{"field", "line"},
                       {"type", "nominal"},
                       {"title", nullptr},
                       {"scale", {{"range", "category"}}},
                       {"legend",
                        {{"orient", "bottom"},
                         {"columns", {{"expr", "width > 500 ? 3 : 1"}}},
                         {"labelLimit", 300},
                         {"symbolType", "circle"},
                         {"symbolOpacity", 1},
                         {"symbolStrokeWidth", 0}}}};
  auto const value = [](std::string const& field) {
    return Json{{"field", field}, {"type", "quantitative"}, {"scale", {{"zero", false}}}};
  };
  Json y = value("v");
  y["title"] = "value";
  figure.spec["title"] = measure_title();
  figure.spec["encoding"] = {{"x", layer_axis(c)}};
  figure.spec["layer"] =
      Json::array({{{"mark", {{"type", "area"}, {"opacity", 0.15}}},
                    {"encoding", {{"y", value("low")}, {"y2", {{"field", "high"}}}, {"color", colour}}}},
                   {{"mark", {{"type", "line"}, {"strokeWidth", 2}}}, {"encoding", {{"y", y}, {"color", colour}}}},
                   {{"mark", {{"type", "point"}, {"filled", true}, {"size", 55}, {"opacity", 1}}},
                    {"encoding", {{"y", y}, {"color", colour}, {"tooltip", tooltip}}}}});
  figure.spec["layer"][0]["encoding"]["y"]["title"] = "value";
  figure.marks = points;
  return figure;
}

Figure convergence(Comparison const& c) {
  Figure figure;
  if (c.checkpoints.size() == c.networks.size()) return figure;
  auto const states = last_states(c);
  std::vector<std::size_t> steps(c.networks.size());
  for (auto const& checkpoint : c.checkpoints) ++steps[checkpoint.network];
  Json measure = Json::array(), network = Json::array(), layer = Json::array(), step = Json::array(), v = Json::array();
  std::vector<std::string> shown;
  for (std::size_t n = 0; n < steps.size(); ++n)
    if (steps[n] > 1) shown.push_back(c.networks[n]);
  figure.table.header = {"network", "layer", "step", c.leading().name};
  for (auto const& m : c.measures)
    for (std::size_t i = 0; i < c.count; ++i) {
      auto const last = states[c.layer[i]][c.network[i]];
      if (steps[c.network[i]] < 2 || last == c.count) continue;
      double const value = (*m.values)[c.at(i, last)];
      measure.push_back(m.name);
      network.push_back(c.networks[c.network[i]]);
      layer.push_back(c.layers[c.layer[i]]);
      step.push_back(c.step[i]);
      v.push_back(number(value));
      if (&m == &c.leading() && figure.table.rows.size() < 400)
        figure.table.rows.push_back(
            {c.networks[c.network[i]], c.layers[c.layer[i]], std::to_string(c.step[i]), brief(value)});
    }
  std::set<Index> const ticks(c.step.begin(), c.step.end());
  figure.marks = static_cast<Index>(v.size());
  figure.title = "Convergence to the final state";
  figure.reading =
      "Each layer at each step against itself at the last step of the same network. Layers whose lines reach the end "
      "value first have converged first. Steps on a symmetric logarithmic axis, so that step 0 has a place.";
  figure.columns = {{"measure", measure}, {"network", network}, {"layer", layer}, {"step", step}, {"v", v}};
  figure.spec = specification(figure.title);
  figure.spec["params"] = {parameter("measure", c.leading().name), choice("network", "network", shown, shown)};
  figure.spec["transform"] = {measure_filter(), {{"filter", "datum.network == network"}}};
  figure.spec["title"] = measure_title();
  figure.spec["mark"] = {{"type", "line"}, {"point", {{"filled", true}, {"size", 35}}}, {"strokeWidth", 1.8}};
  figure.spec["encoding"] = {{"x",
                              {{"field", "step"},
                               {"type", "quantitative"},
                               {"scale", {{"type", "symlog"}}},
                               {"title", "training step"},
                               {"axis",
                                {{"values", std::vector<Index>(ticks.begin(), ticks.end())},
                                 {"labelExpr", "format(datum.value, ',')"},
                                 {"labelOverlap", "greedy"}}}}},
                             {"y",
                              {{"field", "v"},
                               {"type", "quantitative"},
                               {"scale", {{"zero", false}}},
                               {"title", "value against the final state"}}},
                             {"color",
                              {{"field", "layer"},
                               {"type", "ordinal"},
                               {"sort", c.layers},
                               {"scale", {{"scheme", "viridis"}}},
                               {"title", "layer"},
                               {"legend", {{"labelLimit", 140}, {"symbolLimit", 24}}}}},
                             {"tooltip",
                              {exact("network", "network"), exact("layer", "layer"), exact("step", "step"),
                               exact("measure", "measure"), exact("v", "value")}}};
  return figure;
}

}  // namespace confer::report
