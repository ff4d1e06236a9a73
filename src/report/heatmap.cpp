#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "confer/core/text.hpp"
#include "report/compare_figures.hpp"

namespace confer::report {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t most_blocks = 100;  ///< along each side: 30,000 means in three orders are drawn in half a second

/// Neighbouring rows that share a cell when there are too many for one each.
std::size_t block_rows(std::size_t count) { return (count + most_blocks - 1) / most_blocks; }

char const* const order_names[] = {"network", "depth", "clustering"};

std::vector<std::size_t> const& order_of(Orders const& orders, std::size_t which) {
  return which == 0 ? orders.network : which == 1 ? orders.depth : orders.clustering;
}

Json axis(std::size_t cells, bool column) {
  Json ticks = Json::array();
  for (std::size_t i = 0; i < cells; ++i) ticks.push_back(static_cast<double>(i) + 0.5);
  Json result = {{"values", ticks},   {"title", nullptr},
                 {"grid", false},     {"domain", false},
                 {"ticks", false},    {"labelExpr", "shown[order][floor(datum.value)]"},
                 {"labelLimit", 120}, {"labelOverlap", "greedy"},
                 {"labelPadding", 3}, {"labelFontSize", cells > 60 ? 8 : 10}};
  if (column) {
    result["labelAngle"] = -90;
    result["labelAlign"] = "right";
    result["labelBaseline"] = "middle";
  }
  return result;
}

Json position(std::string const& field, std::size_t cells, bool column) {
  Json scale = {{"domain", {0, cells}}, {"nice", false}, {"zero", false}};
  if (!column) scale["reverse"] = true;
  return {{"field", field}, {"type", "quantitative"}, {"scale", scale}, {"axis", axis(cells, column)}};
}

/// The declared range where it is finite and not much wider than the values, so that equal colours mean equal numbers.
Json colour(MeasureView const& measure) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (double const value : *measure.values)
    if (std::isfinite(value)) {
      low = std::min(low, value);
      high = std::max(high, value);
    }
  if (low > high) low = 0, high = 1;
  if (!measure.distance && measure.lowest >= 0 && std::isfinite(measure.highest)) {
    low = measure.lowest;
    high = measure.highest;
  } else if (measure.distance) {
    low = std::min(0.0, low);
  } else if (std::isfinite(measure.highest)) {
    high = std::max(high, measure.highest);
  }
  if (low == high) high = low + 1;
  return {{"condition", {{"test", "!isValid(datum.v)"}, {"value", "#d9d9d9"}}},
          {"field", "v"},
          {"type", "quantitative"},
          {"scale", {{"scheme", "viridis"}, {"reverse", measure.distance}, {"domain", {low, high}}, {"clamp", true}}},
          {"legend",
           {{"title", nullptr},
            {"orient", "top"},
            {"gradientLength", 160},
            {"gradientThickness", 8},
            {"tickCount", 5},
            {"format", ".3~g"}}}};
}

/// White lines between networks, shown in the order by network.
Json separators(Comparison const& c, std::vector<std::size_t> const& order, std::size_t cells, bool column) {
  Json values = Json::array();
  for (std::size_t i = 1; i < order.size(); ++i)
    if (c.network[order[i]] != c.network[order[i - 1]]) values.push_back({{"p", i}});
  return {{"data", {{"values", values}}},
          {"transform", {{{"filter", "order == 'network'"}}}},
          {"mark", {{"type", "rule"}, {"color", "white"}, {"strokeWidth", 1.5}}},
          {"encoding", {{column ? "x" : "y", position("p", cells, column)}}}};
}

void add_exact_cells(Figure& figure, Comparison const& c, MeasureView const& measure, Orders const& orders) {
  std::size_t const n = c.count;
  Json place = Json::object(), shown = Json::object();
  for (std::size_t which = 0; which < 3; ++which) {
    auto const& order = order_of(orders, which);
    std::vector<std::size_t> places(n);
    Json labels = Json::array();
    for (std::size_t i = 0; i < n; ++i) {
      places[order[i]] = i;
      labels.push_back(c.short_label[order[i]]);
    }
    place[order_names[which]] = places;
    shown[order_names[which]] = labels;
  }
  Json reasons = Json::array();
  for (std::size_t at = 0; at < n * n; ++at) reasons.push_back(c.pair_status ? (*c.pair_status)[at] : 0);
  figure.columns = {{"s", std::move(reasons)}};
  Json tooltip = Json::array({exact("row", "row"), exact("column", "column")});
  auto const add = [&](char const* field, std::vector<double> const* matrix, std::string const& title) {
    if (matrix == nullptr) return;
    Json column = Json::array();
    for (double const value : *matrix) column.push_back(number(value));
    figure.columns[field] = std::move(column);
    tooltip.push_back(exact(field, title));
  };
  add("v", measure.values, measure.name);
  add("e", measure.standard_error, "standard error");
  add("n", measure.null, "chance level");
  add("z", measure.z, "deviations above chance");
  add("p", measure.p_value, "p-value");
  tooltip.push_back(exact("status", "status"));
  auto const size = std::to_string(n);
  auto& params = figure.spec["params"];
  params.push_back(parameter("place", place));
  params.push_back(parameter("shown", shown));
  params.push_back(parameter("labels", c.label));
  params.push_back(parameter("reasons", c.pair_status_names));
  figure.spec["transform"] = {calculate("floor(datum.k / " + size + ")", "i"),
                              calculate("datum.k % " + size, "j"),
                              calculate("place[order][datum.i]", "y"),
                              calculate("place[order][datum.j]", "x"),
                              calculate("labels[datum.i]", "row"),
                              calculate("labels[datum.j]", "column"),
                              calculate("reasons[datum.s]", "status")};
  figure.spec["layer"] = Json::array({{{"mark", {{"type", "rect"}}}, {"encoding", {{"tooltip", tooltip}}}}});
  figure.marks = static_cast<Index>(n * n);
}

/// Means over blocks of neighbouring rows and columns, for each order.
void add_block_cells(Figure& figure, Comparison const& c, MeasureView const& measure, Orders const& orders) {
  std::size_t const n = c.count, block = block_rows(n), cells = (n + block - 1) / block;
  Json values = Json::array(), shown = Json::object(), last = Json::object();
  for (std::size_t which = 0; which < 3; ++which) {
    auto const& order = order_of(orders, which);
    std::vector<double> sum(cells * cells), number_of(cells * cells);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) {
        double const value = (*measure.values)[c.at(order[i], order[j])];
        if (std::isnan(value)) continue;
        sum[i / block * cells + j / block] += value;
        number_of[i / block * cells + j / block] += 1;
      }
    for (std::size_t at = 0; at < sum.size(); ++at) {
      double const mean = number_of[at] > 0 ? sum[at] / number_of[at] : nan;
      values.push_back(std::isfinite(mean) ? Json(std::round(mean * 1e6) / 1e6) : Json(nullptr));
    }
    Json labels = Json::array(), ends = Json::array();
    for (std::size_t i = 0; i < n; i += block) {
      labels.push_back(c.short_label[order[i]]);
      ends.push_back(c.short_label[order[std::min(i + block, n) - 1]]);
    }
    shown[order_names[which]] = labels;
    last[order_names[which]] = ends;
  }
  figure.columns = {{"v", std::move(values)}};
  auto const size = std::to_string(cells), square = std::to_string(cells * cells);
  auto& params = figure.spec["params"];
  params.push_back(parameter("shown", shown));
  params.push_back(parameter("last", last));
  params.push_back(parameter("orders", order_names));
  figure.spec["transform"] = {{{"filter", "orders[floor(datum.k / " + square + ")] == order"}},
                              calculate("floor((datum.k % " + square + ") / " + size + ")", "y"),
                              calculate("datum.k % " + size, "x"),
                              calculate("shown[order][datum.y] + ' … ' + last[order][datum.y]", "row"),
                              calculate("shown[order][datum.x] + ' … ' + last[order][datum.x]", "column")};
  Json const tooltip = {exact("row", "rows"), exact("column", "columns"), exact("v", "mean " + measure.name)};
  figure.spec["layer"] = Json::array({{{"mark", {{"type", "rect"}}}, {"encoding", {{"tooltip", tooltip}}}}});
  figure.marks = static_cast<Index>(cells * cells);
}

Table matrix_table(Comparison const& c, MeasureView const& measure) {
  constexpr std::size_t most = 24;
  Table table;
  std::size_t const shown = std::min(c.count, most);
  table.header = {""};
  for (std::size_t j = 0; j < shown; ++j) table.header.push_back(c.short_label[j]);
  for (std::size_t i = 0; i < shown; ++i) {
    std::vector<std::string> row = {c.short_label[i]};
    for (std::size_t j = 0; j < shown; ++j) row.push_back(brief((*measure.values)[c.at(i, j)]));
    table.rows.push_back(std::move(row));
  }
  if (shown < c.count)
    table.omitted = "The first " + std::to_string(shown) + " of " + std::to_string(c.count) +
                    " representations; confer table writes all numbers.";
  return table;
}

}  // namespace

Figure heatmap(Comparison const& c, MeasureView const& measure, Orders const& orders) {
  Figure figure;
  figure.shape = Figure::Shape::square;
  figure.title = measure.name;
  figure.spec = specification("All pairs of representations by " + measure.name);
  figure.spec["params"].push_back(parameter("order", "network"));
  bool const whole = c.count <= most_exact;
  if (whole)
    add_exact_cells(figure, c, measure, orders);
  else
    add_block_cells(figure, c, measure, orders);
  std::size_t const block = whole ? 1 : block_rows(c.count);
  std::size_t const cells = (c.count + block - 1) / block;
  // Small cells reach a little under their neighbours: seams between them would be seen as a grid.
  std::string const reach = cells > 60 ? "1.05" : "1";
  figure.spec["transform"].push_back(calculate("datum.x + " + reach, "x2"));
  figure.spec["transform"].push_back(calculate("datum.y + " + reach, "y2"));
  auto& encoding = figure.spec["layer"][0]["encoding"];
  encoding["x"] = position("x", cells, true);
  encoding["x2"] = {{"field", "x2"}};
  encoding["y"] = position("y", cells, false);
  encoding["y2"] = {{"field", "y2"}};
  encoding["color"] = colour(measure);
  if (whole && c.networks.size() > 1 && c.networks.size() <= 30 && c.count > c.networks.size()) {
    figure.spec["layer"].push_back(separators(c, orders.network, cells, true));
    figure.spec["layer"].push_back(separators(c, orders.network, cells, false));
  }
  figure.reading = measure.long_name.empty() ? std::string() : measure.long_name + ". ";
  figure.reading += measure.distance ? "Yellow: close; dark: far apart." : "Yellow: alike; dark: different.";
  if (!measure.symmetric) figure.reading += " Rows are the first argument: the matrix is not symmetric.";
  figure.reading += " Grey: no value, the tooltip says why.";
  if (!whole)
    figure.reading += " Each cell is the mean over up to " + std::to_string(block) + " × " + std::to_string(block) +
                      " pairs of neighbours in the chosen order.";
  figure.table = matrix_table(c, measure);
  return figure;
}

}  // namespace confer::report
