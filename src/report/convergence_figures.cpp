#include <algorithm>
#include <cmath>
#include <set>

#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"
#include "report/development.hpp"

namespace confer::report {

namespace {

constexpr std::size_t most_points = 40000;
constexpr std::size_t most_directions = 48;

struct Convergence {
  std::vector<std::string> network, layer, networks, layers;
  std::vector<Index> const* steps;
  std::string measure;
};

std::vector<std::string> distinct(std::vector<std::string> const& values) {
  std::vector<std::string> result;
  for (auto const& value : values)
    if (std::find(result.begin(), result.end(), value) == result.end()) result.push_back(value);
  return result;
}

Convergence view(ResultSet const& results) {
  Convergence c;
  c.network = shown_texts(results, "series_network");
  c.layer = shown_texts(results, "series_layer");
  c.networks = distinct(c.network);
  c.layers = distinct(c.layer);
  c.steps = &results.integers("checkpoint");
  c.measure = printable(results.text_attribute("measure", "similarity"));
  return c;
}

/// Lines over training steps, one for each layer of the chosen network; `kind` tells two lines of a layer apart.
Figure over_steps(Convergence const& c, Columns& columns, std::vector<std::string> const& kinds,
                  std::string const& y_title) {
  Figure figure;
  if (columns.rows() == 0) return figure;
  figure.marks = static_cast<Index>(columns.rows() / c.networks.size());
  figure.columns = columns.take();
  figure.spec = specification(y_title);
  figure.spec["params"] = {choice("network", "network", c.networks, c.networks)};
  figure.spec["transform"] = {Json{{"filter", "datum.network == network"}}};
  figure.spec["mark"] = {{"type", "line"}, {"point", {{"filled", true}, {"size", 35}}}, {"strokeWidth", 1.8}};
  Json tooltip = {exact("network", "network"), exact("layer", "layer"), exact("step", "step")};
  if (kinds.size() > 1) tooltip.push_back(exact("kind", "directions"));
  tooltip.push_back(exact("v", y_title));
  figure.spec["encoding"] = {{"x", step_axis(*c.steps)},
                             {"y", quantity("v", y_title)},
                             {"color", depth_colour(c.layers)},
                             {"tooltip", tooltip}};
  if (kinds.size() > 1)
    figure.spec["encoding"]["strokeDash"] = {{"field", "kind"},
                                             {"type", "nominal"},
                                             {"title", "directions"},
                                             {"scale", {{"domain", kinds}, {"range", {{1, 0}, {5, 3}}}}},
                                             {"legend", dash_legend()}};
  return figure;
}

Figure to_final_figure(Convergence const& c, ResultSet const& results) {
  auto const& values = results.doubles("convergence");
  Columns columns;
  Table table;
  table.header = {"network", "layer", "step", c.measure};
  std::size_t const width = c.steps->size();
  for (std::size_t i = 0; i < c.network.size(); ++i)
    for (std::size_t k = 0; k < width; ++k) {
      double const value = values[i * width + k];
      if (std::isnan(value)) continue;
      columns.add({{"network", c.network[i]}, {"layer", c.layer[i]}, {"step", (*c.steps)[k]}, {"v", number(value)}});
      if (table.rows.size() < 400)
        table.rows.push_back({c.network[i], c.layer[i], std::to_string((*c.steps)[k]), brief(value)});
    }
  Figure figure = over_steps(c, columns, {}, c.measure);
  figure.title = "Convergence to the final state";
  figure.reading =
      "Each layer at each step against itself at the last step of the same network. The layer whose line reaches the "
      "end "
      "value first has converged first. Steps on a symmetric logarithmic axis, so that step 0 has a place.";
  figure.table = std::move(table);
  return figure;
}

Figure directions_figure(Convergence const& c, ResultSet const& results) {
  Columns columns;
  std::size_t const width = c.steps->size();
  for (auto const* kind : {"stable", "unstable"}) {
    auto const& values = results.doubles(kind);
    for (std::size_t i = 0; i < c.network.size(); ++i)
      for (std::size_t k = 0; k < width; ++k)
        if (!std::isnan(values[i * width + k]))
          columns.add({{"network", c.network[i]},
                       {"layer", c.layer[i]},
                       {"step", (*c.steps)[k]},
                       {"kind", kind},
                       {"v", values[i * width + k]}});
  }
  Figure figure = over_steps(c, columns, {"stable", "unstable"}, "mean correlation");
  figure.shape = Figure::Shape::half;
  figure.title = "Directions that stay and directions that go";
  figure.reading =
      "Directions that an early and a middle step share most (stable, solid) and least (unstable, dashed), followed "
      "through training: how well each later step still contains them.";
  return figure;
}

Figure correlations_figure(Convergence const& c, ResultSet const& results) {
  auto const& values = results.doubles("convergence_correlation");
  auto const directions = static_cast<std::size_t>(results.dimension("direction"));
  std::size_t const width = c.steps->size();
  std::size_t const most_series = std::max<std::size_t>(1, most_points / (width * most_directions));
  Columns columns;
  std::vector<std::string> numbers, labels;
  for (std::size_t i = 0; i < std::min(c.network.size(), most_series); ++i) {
    std::size_t known = 0;
    for (std::size_t k = 0; k < width; ++k)
      for (std::size_t d = known; d < directions; ++d)
        if (!std::isnan(values[(i * width + k) * directions + d])) known = d + 1;
    std::size_t const stride = std::max<std::size_t>(1, (known + most_directions - 1) / most_directions);
    for (std::size_t k = 0; k < width; ++k)
      for (std::size_t d = 0; d < known; d += stride) {
        double const value = values[(i * width + k) * directions + d];
        if (!std::isnan(value))
          columns.add({{"series", numbers.size()}, {"step", (*c.steps)[k]}, {"d", d + 1}, {"v", value}});
      }
    labels.push_back(c.network[i] + "/" + c.layer[i]);
    numbers.push_back(std::to_string(numbers.size()));
  }
  Figure figure;
  if (columns.rows() == 0) return figure;
  figure.shape = Figure::Shape::half;
  figure.title = "Sorted correlations with the final state";
  figure.reading =
      "Canonical correlations of one layer with its own last state, sorted, one line for each step. Lines that stay "
      "high "
      "to the right: nearly all directions are already there.";
  if (c.network.size() > most_series)
    figure.reading +=
        " Shown are the first " + std::to_string(most_series) + " of " + std::to_string(c.network.size()) + " layers.";
  figure.marks = static_cast<Index>(columns.rows() / numbers.size());
  figure.columns = columns.take();
  figure.spec = specification(figure.title);
  figure.spec["params"] = {choice("series", "layer", numbers, labels)};
  figure.spec["transform"] = {Json{{"filter", "datum.series == toNumber(series)"}}};
  figure.spec["mark"] = {{"type", "line"}, {"point", {{"filled", true}, {"size", 18}}}, {"strokeWidth", 1.5}};
  Json x = quantity("d", "canonical direction"), y = quantity("v", "correlation");
  y["scale"] = {{"domain", {0, 1}}};
  figure.spec["encoding"] = {
      {"x", x},
      {"y", y},
      {"color", {{"field", "step"}, {"type", "ordinal"}, {"title", "step"}, {"scale", {{"scheme", "viridis"}}}}},
      {"tooltip", {exact("step", "step"), exact("d", "direction"), exact("v", "correlation")}}};
  return figure;
}

}  // namespace

std::vector<Figure> convergence_figures(ResultSet const& results) {
  Convergence const c = view(results);
  return {to_final_figure(c, results), directions_figure(c, results), correlations_figure(c, results)};
}

std::vector<Html> convergence_answer(ResultSet const& results) {
  Convergence const c = view(results);
  auto const& order = results.doubles("bottom_up");
  std::set<std::string> seen;
  Index up = 0, known = 0;
  for (std::size_t i = 0; i < c.network.size(); ++i)
    if (seen.insert(c.network[i]).second && std::isfinite(order[i])) {
      ++known;
      up += order[i] > 0;
    }
  std::vector<Html> answer;
  if (known == 0) return answer;
  Html s;
  s.text("Lower layers tend to converge first in ")
      .strong(format_count(up) + " of " + count_of(known, "network"))
      .text(" (Kendall's tau of depth and distance to the final state is positive).");
  answer.push_back(std::move(s));
  return answer;
}

}  // namespace confer::report
