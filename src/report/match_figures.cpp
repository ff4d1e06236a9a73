#include <algorithm>
#include <cmath>
#include <map>

#include "confer/core/utf8.hpp"
#include "report/matching.hpp"

namespace confer::report {

namespace {

constexpr std::size_t most_pairs = 40;    ///< with figures of their own
constexpr std::size_t most_points = 200;  ///< of a sorted curve
constexpr std::size_t most_edge = 64;     ///< rows and columns of a drawn matrix
constexpr std::size_t most_cells = 60000;

std::vector<std::string> printable_strings(ResultSet const& results, std::string const& name) {
  std::vector<std::string> values = results.strings(name);
  for (auto& value : values) value = printable(value);
  return values;
}

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// At most `most` of the values, evenly spread, ends included.
template <class T>
std::vector<T> spread(std::vector<T> const& values, std::size_t most) {
  if (values.size() <= most) return values;
  std::vector<T> result;
  for (std::size_t i = 0; i < most; ++i) result.push_back(values[i * (values.size() - 1) / (most - 1)]);
  return result;
}

Json pair_parameters(MatchingView const& view) {
  return {parameter("pairs", view.pair), parameter("pair", view.pair[view.shown.front()])};
}

Json this_pair() { return {{"filter", "pairs[datum.p] == pair"}}; }

Json correlation_colour() {
  return {{"field", "v"},
          {"type", "quantitative"},
          {"title", "correlation"},
          {"scale", {{"domain", {-1, 1}}, {"scheme", "blueorange"}}}};
}

/// The finite values of a row of a variable over (pair, ..., neuron), largest first.
std::vector<double> sorted_row(std::vector<double> const& values, std::size_t row, std::size_t length) {
  std::vector<double> result;
  for (std::size_t i = 0; i < length; ++i)
    if (double const value = values[row * length + i]; std::isfinite(value)) result.push_back(value);
  std::ranges::sort(result, std::greater<>());
  return result;
}

/// Cells of the correlations between chosen neurons of a and of b.
struct Cells {
  Json p = Json::array(), panel = Json::array(), x = Json::array(), y = Json::array(), a = Json::array(),
       b = Json::array(), v = Json::array();

  void add(MatchingView const& view, std::size_t pair, std::string const& name, std::vector<Index> const& rows,
           std::vector<Index> const& columns) {
    auto const& values = view.results->doubles("correlation");
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (std::size_t j = 0; j < columns.size(); ++j) {
        p.push_back(pair);
        panel.push_back(name);
        y.push_back(i);
        x.push_back(j);
        a.push_back(rows[i]);
        b.push_back(columns[j]);
        double const value = values[(pair * view.neurons + at(rows[i])) * view.neurons + at(columns[j])];
        v.push_back(std::isfinite(value) ? Json(std::round(value * 1e6) / 1e6) : Json(nullptr));
      }
  }
  Json columns() const { return {{"p", p}, {"panel", panel}, {"x", x}, {"y", y}, {"a", a}, {"b", b}, {"v", v}}; }
  Json encoding() const {
    Json const hidden = {{"labels", false}, {"ticks", false}};
    return {{"x", {{"field", "x"}, {"type", "ordinal"}, {"title", "neurons of b"}, {"axis", hidden}}},
            {"y", {{"field", "y"}, {"type", "ordinal"}, {"title", "neurons of a"}, {"axis", hidden}}},
            {"color", correlation_colour()},
            {"tooltip", {exact("a", "neuron of a"), exact("b", "neuron of b"), exact("v", "correlation")}}};
  }
};

/// Neurons of a pair in a stored order, without the padding.
std::vector<Index> order_of(MatchingView const& view, std::string const& name, std::size_t pair) {
  auto const& values = view.results->integers(name);
  std::vector<Index> order;
  for (std::size_t i = 0; i < view.neurons; ++i)
    if (Index const neuron = values[pair * view.neurons + i]; neuron >= 0) order.push_back(neuron);
  return order;
}

/// Pairs whose matrices are drawn, within the budget of cells; `panels` of each.
std::vector<std::size_t> drawn_pairs(MatchingView const& view, std::size_t panels) {
  std::vector<std::size_t> pairs;
  if (view.results->find("correlation") == nullptr) return pairs;
  std::size_t cells = 0;
  for (auto const p : view.shown) {
    std::size_t const edge = std::min(most_edge, order_of(view, "order_a", p).size()),
                      other = std::min(most_edge, order_of(view, "order_b", p).size());
    cells += panels * edge * other;
    if (cells > most_cells && !pairs.empty()) break;
    pairs.push_back(p);
  }
  return pairs;
}

}  // namespace

MatchingView view_matching(ResultSet const& results) {
  MatchingView view;
  view.results = &results;
  view.pairs = at(results.dimension("pair"));
  view.neurons = at(results.dimension("neuron"));
  view.pair = printable_strings(results, "pair");
  auto const network_a = printable_strings(results, "network_a"), network_b = printable_strings(results, "network_b");
  auto const layer_a = printable_strings(results, "layer_a"), layer_b = printable_strings(results, "layer_b");
  auto const &step_a = results.integers("step_a"), &step_b = results.integers("step_b");
  auto const& one_to_one = results.doubles("one_to_one");
  for (std::size_t p = 0; p < view.pairs; ++p) {
    view.networks.push_back(network_a[p] + "@" + std::to_string(step_a[p]) + " ~ " + network_b[p] + "@" +
                            std::to_string(step_b[p]));
    view.layer.push_back(layer_a[p] == layer_b[p] ? layer_a[p] : layer_a[p] + " ~ " + layer_b[p]);
    if (std::ranges::find(view.layers, view.layer[p]) == view.layers.end()) view.layers.push_back(view.layer[p]);
    if (std::isfinite(one_to_one[p])) view.matched.push_back(p);
  }
  view.shown.assign(view.matched.begin(),
                    view.matched.begin() + static_cast<std::ptrdiff_t>(std::min(view.matched.size(), most_pairs)));
  return view;
}

Figure layers_of_matching(MatchingView const& view) {
  Figure figure;
  figure.title = "Layer by layer";
  figure.reading =
      "Mean correlation of matched neurons, one thin line per pair of networks and the mean of all in bold. Best "
      "partner: "
      "each neuron with the one most like it; one to one: each neuron used once; rotated: the same subspace with other "
      "neurons, which a match of neurons should exceed; shuffled: chance.";
  Json p = Json::array(), kind = Json::array(), v = Json::array();
  figure.table.header = {"pair", "best partner", "one to one", "agreement", "rotated", "shuffled"};
  auto const add = [&](std::size_t pair, char const* name, double value) {
    p.push_back(pair);
    kind.push_back(name);
    v.push_back(number(value));
  };
  for (auto const pair : view.matched) {
    double const semi = (view.of_side("semi", pair, 0) + view.of_side("semi", pair, 1)) / 2;
    if (p.size() < 4 * 2000) {
      add(pair, "best partner", semi);
      add(pair, "one to one", view.of_pair("one_to_one", pair));
      add(pair, "one to one, rotated", view.of_pair("one_to_one_rotated", pair));
      add(pair, "one to one, shuffled", view.of_pair("one_to_one_shuffled", pair));
    }
    if (figure.table.rows.size() < 300)
      figure.table.rows.push_back({view.pair[pair], brief(semi), brief(view.of_pair("one_to_one", pair)),
                                   brief(view.of_pair("agreement", pair)),
                                   brief(view.of_pair("one_to_one_rotated", pair)),
                                   brief(view.of_pair("one_to_one_shuffled", pair))});
  }
  if (v.empty()) return figure;
  figure.columns = {{"p", p}, {"kind", kind}, {"v", v}};
  figure.spec = specification(figure.title);
  figure.spec["params"] = {parameter("layers", view.layer), parameter("networks", view.networks)};
  figure.spec["transform"] = {calculate("layers[datum.p]", "layer"), calculate("networks[datum.p]", "networks")};
  Json const x = {{"field", "layer"},
                  {"type", "nominal"},
                  {"sort", view.layers},
                  {"title", "layer"},
                  {"axis", {{"labelAngle", view.layers.size() > 6 ? -45 : 0}, {"labelLimit", 110}}}};
  Json const colour = {{"field", "kind"},
                       {"type", "nominal"},
                       {"title", nullptr},
                       {"sort", {"best partner", "one to one", "one to one, rotated", "one to one, shuffled"}},
                       {"legend", {{"symbolOpacity", 1}, {"labelLimit", 200}}}};
  auto const y = [](Json aggregate) {
    Json encoding = {{"field", "v"}, {"type", "quantitative"}, {"title", "mean correlation"}};
    if (!aggregate.is_null()) encoding["aggregate"] = std::move(aggregate);
    return encoding;
  };
  figure.spec["layer"] = Json::array(
      {{{"mark",
         {{"type", "line"}, {"opacity", 0.25}, {"strokeWidth", 1}, {"point", {{"size", 12}, {"opacity", 0.4}}}}},
        {"encoding",
         {{"x", x},
          {"y", y(nullptr)},
          {"color", colour},
          {"detail", {{"field", "networks"}}},
          {"tooltip",
           {exact("networks", "networks"), exact("layer", "layer"), exact("kind", "matching"),
            exact("v", "mean correlation")}}}}},
       {{"mark", {{"type", "line"}, {"strokeWidth", 2.5}}},
        {"encoding", {{"x", x}, {"y", y("mean")}, {"color", colour}}}}});
  figure.marks = static_cast<Index>(v.size());
  return figure;
}

Figure sorted_correlations(MatchingView const& view) {
  Figure figure;
  figure.title = "Sorted correlations";
  figure.reading =
      "Correlation of every neuron with its partner, largest first, for one pair of layers. A curve high above that of "
      "the rotated network means that neurons themselves correspond; where best partner and one to one part, several "
      "neurons share a partner. Shuffled: best partners that chance finds.";
  Json p = Json::array(), kind = Json::array(), place = Json::array(), v = Json::array();
  struct Curve {
    char const *name, *variable;
    std::size_t rows;  ///< of a pair in the variable
  };
  for (auto const& [name, variable, rows] :
       {Curve{"best partner", "best_correlation", 2}, Curve{"one to one", "matched_correlation", 1},
        Curve{"one to one, rotated", "matched_correlation_rotated", 1},
        Curve{"best partner, shuffled", "best_correlation_shuffled", 2}}) {
    auto const& values = view.results->doubles(variable);
    for (auto const pair : view.shown) {
      auto const curve = sorted_row(values, pair * rows, view.neurons);
      std::vector<std::size_t> places;
      for (std::size_t i = 0; i < curve.size(); ++i) places.push_back(i);
      for (auto const i : spread(places, most_points)) {
        p.push_back(pair);
        kind.push_back(name);
        place.push_back(i + 1);
        v.push_back(std::round(curve[i] * 1e6) / 1e6);
      }
    }
  }
  if (v.empty()) return figure;
  figure.columns = {{"p", p}, {"kind", kind}, {"place", place}, {"v", v}};
  figure.spec = specification(figure.title);
  figure.spec["params"] = pair_parameters(view);
  figure.spec["transform"] = Json::array({this_pair()});
  figure.spec["mark"] = {{"type", "line"}, {"strokeWidth", 1.8}};
  figure.spec["encoding"] = {
      {"x", {{"field", "place"}, {"type", "quantitative"}, {"title", "neurons of a, best first"}}},
      {"y", {{"field", "v"}, {"type", "quantitative"}, {"title", "correlation"}}},
      {"color",
       {{"field", "kind"},
        {"type", "nominal"},
        {"title", nullptr},
        {"sort", {"best partner", "one to one", "one to one, rotated", "best partner, shuffled"}},
        {"legend", {{"labelLimit", 200}}}}},
      {"tooltip", {exact("kind", "matching"), exact("place", "place"), exact("v", "correlation")}}};
  figure.marks = static_cast<Index>(v.size() / view.shown.size());
  return figure;
}

Figure error_against_weights(MatchingView const& view) {
  Figure figure;
  if (view.results->find("prediction_error") == nullptr) return figure;
  figure.title = "Prediction from few neurons";
  figure.reading =
      "Error of predicting a neuron from the other network's against the number of neurons used, mean over the neurons "
      "of "
      "a layer, on held-out samples (0.5 explains nothing). A line that falls steeply and then stays flat says that a "
      "few "
      "neurons suffice. One line per pair of layers and direction.";
  auto const &error = view.results->doubles("prediction_error"), &weights = view.results->doubles("prediction_weights"),
             &penalties = view.results->doubles("penalty");
  Json p = Json::array(), d = Json::array(), penalty = Json::array(), used = Json::array(), v = Json::array();
  figure.table.header = {"pair", "direction", "penalty", "weights per neuron", "held-out error"};
  for (auto const pair : view.shown)
    for (std::size_t direction = 0; direction < 2; ++direction)
      for (std::size_t k = 0; k < penalties.size(); ++k) {
        std::size_t const place = (2 * pair + direction) * penalties.size() + k;
        if (!std::isfinite(error[place])) continue;
        p.push_back(pair);
        d.push_back(direction == 0 ? "a from b" : "b from a");
        penalty.push_back(penalties[k]);
        used.push_back(weights[place]);
        v.push_back(error[place]);
        if (figure.table.rows.size() < 300)
          figure.table.rows.push_back({view.pair[pair], direction == 0 ? "a from b" : "b from a", brief(penalties[k]),
                                       brief(weights[place]), brief(error[place])});
      }
  if (v.empty()) return figure;
  figure.columns = {{"p", p}, {"d", d}, {"penalty", penalty}, {"used", used}, {"v", v}};
  figure.spec = specification(figure.title);
  figure.spec["params"] = {parameter("pairs", view.pair), parameter("layers", view.layer)};
  figure.spec["transform"] = {calculate("layers[datum.p]", "layer"), calculate("pairs[datum.p]", "pair"),
                              calculate("datum.p + datum.d", "line")};
  figure.spec["mark"] = {{"type", "line"}, {"strokeWidth", 1.6}, {"point", {{"filled", true}, {"size", 24}}}};
  figure.spec["encoding"] = {
      {"x",
       {{"field", "used"}, {"type", "quantitative"}, {"title", "weights per neuron"}, {"scale", {{"type", "symlog"}}}}},
      {"y",
       {{"field", "v"},
        {"type", "quantitative"},
        {"title", "held-out error, ½ mean square"},
        {"scale", {{"domainMin", 0}, {"domainMax", 0.6}, {"clamp", true}}}}},
      {"order", {{"field", "penalty"}, {"type", "quantitative"}}},
      {"color", {{"field", "layer"}, {"type", "nominal"}, {"sort", view.layers}, {"scale", {{"scheme", "viridis"}}}}},
      {"strokeDash", {{"field", "d"}, {"type", "nominal"}, {"title", "direction"}}},
      {"detail", {{"field", "line"}}},
      {"tooltip",
       {exact("pair", "pair"), exact("d", "direction"), exact("penalty", "penalty"), exact("used", "weights"),
        exact("v", "error")}}};
  figure.marks = static_cast<Index>(v.size());
  return figure;
}

Figure matched_matrices(MatchingView const& view) {
  Figure figure;
  auto const pairs = drawn_pairs(view, 2);
  if (pairs.empty()) return figure;
  figure.title = "Correlations before and after matching";
  figure.reading =
      "Correlation of each neuron of a with each of b: as the networks number them, and with the matched ones side by "
      "side. A clear diagonal afterwards says that the neurons correspond one to one; rows that stay bright in several "
      "columns have several partners. Of wide layers an even selection of matched neurons is shown.";
  Cells cells;
  for (auto const pair : pairs) {
    auto rows = order_of(view, "order_a", pair), columns = order_of(view, "order_b", pair);
    std::size_t const both = std::min(rows.size(), columns.size());
    if (both > most_edge) {
      rows.resize(both);
      columns.resize(both);
    }
    rows = spread(rows, most_edge);
    columns = spread(columns, most_edge);
    auto numbered_rows = rows, numbered_columns = columns;
    std::ranges::sort(numbered_rows);
    std::ranges::sort(numbered_columns);
    cells.add(view, pair, "as numbered", numbered_rows, numbered_columns);
    cells.add(view, pair, "matched", rows, columns);
  }
  figure.columns = cells.columns();
  figure.spec = specification(figure.title);
  figure.spec["params"] = pair_parameters(view);
  figure.spec["params"].push_back(choice("panel", "order", {"matched", "as numbered"}, {"matched", "as numbered"}));
  figure.spec["transform"] = {this_pair(), Json{{"filter", "datum.panel == panel"}}};
  figure.spec["mark"] = {{"type", "rect"}};
  figure.spec["encoding"] = cells.encoding();
  figure.shape = Figure::Shape::square;
  figure.marks = static_cast<Index>(most_edge * most_edge);
  return figure;
}

Figure clustered_matrix(MatchingView const& view) {
  Figure figure;
  auto const pairs = drawn_pairs(view, 1);
  if (pairs.empty() || view.results->find("cluster_a") == nullptr) return figure;
  figure.title = "Clusters of neurons of both networks";
  figure.reading =
      "The same correlations with the neurons of each cluster together, clusters by size. Blocks on the diagonal are "
      "groups of neurons of a that correspond, as groups, to groups of neurons of b. Neurons without any correlation "
      "above the threshold are left out.";
  Cells cells;
  for (auto const pair : pairs) {
    std::map<Index, std::vector<Index>> members[2];
    std::map<Index, std::size_t> size;
    for (std::size_t side = 0; side < 2; ++side) {
      auto const& labels = view.results->integers(side == 0 ? "cluster_a" : "cluster_b");
      for (std::size_t i = 0; i < view.neurons; ++i)
        if (Index const label = labels[pair * view.neurons + i]; label >= 0) {
          members[side][label].push_back(static_cast<Index>(i));
          ++size[label];
        }
    }
    std::vector<Index> clusters;
    for (auto const& [label, count] : size) clusters.push_back(label);
    std::ranges::stable_sort(clusters, [&](Index x, Index y) { return size[x] > size[y]; });
    std::vector<Index> order[2];
    for (std::size_t side = 0; side < 2; ++side)
      for (Index const label : clusters)
        order[side].insert(order[side].end(), members[side][label].begin(), members[side][label].end());
    cells.add(view, pair, "", spread(order[0], most_edge), spread(order[1], most_edge));
  }
  if (cells.v.empty()) return figure;
  figure.columns = cells.columns();
  figure.spec = specification(figure.title);
  figure.spec["params"] = pair_parameters(view);
  figure.spec["transform"] = Json::array({this_pair()});
  figure.spec["mark"] = {{"type", "rect"}};
  figure.spec["encoding"] = cells.encoding();
  figure.shape = Figure::Shape::square;
  figure.marks = static_cast<Index>(most_edge * most_edge);
  return figure;
}

}  // namespace confer::report
