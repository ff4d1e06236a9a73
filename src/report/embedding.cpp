#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "confer/core/text.hpp"
#include "confer/linalg/dense.hpp"
#include "report/compare_figures.hpp"

namespace confer::report {

namespace {

constexpr std::size_t most_colours = 12;
constexpr std::size_t most_points = 500;  ///< an eigen-decomposition of this size takes a fraction of a second

/// Mean distance between the equal layers of two checkpoints; NaN when they share none.
double checkpoint_distance(Comparison const& c, MeasureView const& m, CheckpointView const& a,
                           CheckpointView const& b) {
  double sum = 0, number_of = 0;
  for (auto const i : a.representations)
    for (auto const j : b.representations) {
      if (c.layer[i] != c.layer[j]) continue;
      double const d = distance(c, m, i, j);
      if (std::isnan(d)) continue;
      sum += d;
      number_of += 1;
    }
  return number_of > 0 ? sum / number_of : std::numeric_limits<double>::quiet_NaN();
}

struct Plane {
  std::vector<double> x, y;
  double share = 0;  ///< of the positive eigenvalues that the two axes carry
};

/// Classical scaling (Torgerson 1952): eigenvectors of -1/2 J D^2 J times the roots of their eigenvalues.
Plane classical_scaling(std::vector<double> const& distances, std::size_t n) {
  Matrix<double> gram(static_cast<Index>(n), static_cast<Index>(n));
  std::vector<double> mean(n);
  double total = 0;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      double const squared = distances[i * n + j] * distances[i * n + j];
      mean[i] += squared / static_cast<double>(n);
      total += squared / static_cast<double>(n * n);
    }
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      gram(static_cast<Index>(i), static_cast<Index>(j)) =
          -0.5 * (distances[i * n + j] * distances[i * n + j] - mean[i] - mean[j] + total);
  auto const eigen = eigh(gram);
  Plane plane;
  double positive = 0;
  for (double const value : eigen.values) positive += std::max(0.0, value);
  for (Index axis = 0; axis < 2; ++axis) {
    double const scale = std::sqrt(std::max(0.0, eigen.values[static_cast<std::size_t>(axis)]));
    // The sign of an eigenvector is arbitrary: make its largest element positive, so that pages are reproducible.
    Index largest = 0;
    for (Index i = 1; i < static_cast<Index>(n); ++i)
      if (std::abs(eigen.vectors(i, axis)) > std::abs(eigen.vectors(largest, axis)) * (1 + 1e-9)) largest = i;
    double const sign = eigen.vectors(largest, axis) < 0 ? -1 : 1;
    for (Index i = 0; i < static_cast<Index>(n); ++i)
      (axis == 0 ? plane.x : plane.y).push_back(sign * scale * eigen.vectors(i, axis));
    if (positive > 0) plane.share += scale * scale / positive;
  }
  return plane;
}

/// Checkpoints that are shown: all, or evenly chosen ones.
std::vector<std::size_t> chosen_checkpoints(Comparison const& c) {
  std::vector<std::size_t> chosen;
  std::size_t const stride = (c.checkpoints.size() + most_points - 1) / most_points;
  for (std::size_t i = 0; i < c.checkpoints.size(); i += stride) chosen.push_back(i);
  return chosen;
}

}  // namespace

Figure embedding(Comparison const& c) {
  Figure figure;
  auto const chosen = chosen_checkpoints(c);
  std::size_t const n = chosen.size();
  if (n < 3) return figure;
  Json below = Json::array(), measure = Json::array(), point = Json::array(), x = Json::array(), y = Json::array();
  Json shares = Json::object();
  for (auto const& m : c.measures) {
    std::vector<double> d(n * n);
    double largest = 0;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < i; ++j) {
        d[i * n + j] = d[j * n + i] = checkpoint_distance(c, m, c.checkpoints[chosen[i]], c.checkpoints[chosen[j]]);
        if (std::isfinite(d[i * n + j])) largest = std::max(largest, d[i * n + j]);
      }
    std::vector<std::size_t> known(n);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) known[i] += i != j && std::isfinite(d[i * n + j]);
    for (auto& value : d)
      if (!std::isfinite(value)) value = largest;
    auto const plane = classical_scaling(d, n);
    shares[m.name] = std::round(1000 * plane.share) / 10;
    auto const [left, right] = std::minmax_element(plane.x.begin(), plane.x.end());
    auto const [low, high] = std::minmax_element(plane.y.begin(), plane.y.end());
    double const wide = 0.2 * (*right - *left), tall = 0.06 * (*high - *low);  // about the size of a label
    for (std::size_t i = 0; i < n; ++i) {
      if (known[i] == 0) continue;  // compared with nothing: it has no place
      std::size_t above = 0;
      for (std::size_t j = 0; j < i; ++j)
        above += known[j] > 0 && std::abs(plane.x[i] - plane.x[j]) < wide && std::abs(plane.y[i] - plane.y[j]) < tall;
      below.push_back(above % 2 == 1);
      measure.push_back(m.name);
      point.push_back(i);
      x.push_back(plane.x[i]);
      y.push_back(plane.y[i]);
      if (&m == &c.leading() && i < 400)
        figure.table.rows.push_back({c.checkpoints[chosen[i]].label, brief(plane.x[i]), brief(plane.y[i])});
    }
  }
  figure.table.header = {"network", "x", "y"};
  figure.shape = Figure::Shape::half;
  figure.title = "Networks in the plane";
  bool const steps = c.checkpoints.size() > c.networks.size();
  figure.reading =
      std::string("Every point is a ") + (steps ? "network at one step" : "network") +
      "; near points have similar representations, layer for layer (classical scaling of the mean distance "
      "between equal layers; the axes have no meaning of their own)." +
      (steps ? " Thin lines follow a network through training." : "");
  if (n < c.checkpoints.size())
    figure.reading += " Shown are " + count_of(static_cast<long long>(n), "checkpoint") + " of " +
                      format_count(static_cast<Index>(c.checkpoints.size())) + ", evenly chosen.";
  Json labels = Json::array(), networks = Json::array(), step = Json::array(), groups = Json::object();
  std::vector<std::string> values, texts;
  for (auto const i : chosen) {
    labels.push_back(c.checkpoints[i].label);
    networks.push_back(c.networks[c.checkpoints[i].network]);
    step.push_back(c.checkpoints[i].step);
  }
  // Colours tell a dozen groups apart; more networks than that are told apart by the tooltip.
  auto const add_groups = [&](std::string const& name, std::vector<std::string> const& of_point) {
    values.push_back(std::to_string(values.size()));
    texts.push_back(name);
    groups[values.back()] = of_point;
  };
  for (std::size_t g = c.groupings.size(); g-- > 0;) {
    std::vector<std::string> of_point;
    auto const& grouping = c.groupings[g];
    for (auto const i : chosen)
      of_point.push_back(grouping.values[grouping.of_representation[c.checkpoints[i].representations.front()]]);
    if (g > 0 || c.networks.size() <= most_colours) add_groups(grouping.name, of_point);
  }
  std::set<Index> const distinct(c.step.begin(), c.step.end());
  if (distinct.size() > 1 && distinct.size() <= most_colours) {
    std::vector<std::string> of_point;
    for (auto const i : chosen) of_point.push_back(std::to_string(c.checkpoints[i].step));
    add_groups("step", of_point);
  }
  if (values.empty()) add_groups("nothing", std::vector<std::string>(n, "network"));
  figure.columns = {{"measure", measure}, {"point", point}, {"x", x}, {"y", y}, {"below", below}};
  figure.spec = specification(figure.title);
  figure.spec["params"] = {parameter("measure", c.leading().name),
                           parameter("labels", labels),
                           parameter("networks", networks),
                           parameter("steps", step),
                           parameter("groups", groups),
                           parameter("shares", shares),
                           choice("colour", "colour by", values, texts)};
  figure.spec["transform"] = {{{"filter", "datum.measure == measure"}},
                              calculate("labels[datum.point]", "label"),
                              calculate("networks[datum.point]", "network"),
                              calculate("steps[datum.point]", "step"),
                              calculate("groups[colour][datum.point]", "group")};
  auto const place = [](std::string const& field) {
    return Json{{"field", field},
                {"type", "quantitative"},
                {"scale", {{"zero", false}, {"padding", 18}}},
                {"axis", {{"labels", false}, {"ticks", false}, {"title", nullptr}, {"domain", false}}}};
  };
  Json const colour = {{"field", "group"},
                       {"type", "nominal"},
                       {"title", nullptr},
                       {"scale", {{"range", "category"}}},
                       {"legend",
                        {{"orient", "bottom"},
                         {"columns", {{"expr", "width > 500 ? 4 : 2"}}},
                         {"labelLimit", 160},
                         {"symbolOpacity", 1}}}};
  figure.spec["encoding"] = {{"x", place("x")}, {"y", place("y")}, {"color", colour}};
  Json layers = Json::array();
  if (steps)
    layers.push_back(
        {{"mark", {{"type", "line"}, {"strokeWidth", 1}, {"opacity", 0.5}}},
         {"encoding", {{"detail", {{"field", "network"}}}, {"order", {{"field", "step"}, {"type", "quantitative"}}}}}});
  layers.push_back(
      {{"mark", {{"type", "point"}, {"filled", true}, {"size", 80}, {"opacity", 0.9}}},
       {"encoding",
        {{"tooltip", {exact("label", "network@step"), exact("group", "group"), exact("x", "x"), exact("y", "y")}}}}});
  if (n <= 30)  // labels of neighbours stand on either side of their points
    layers.push_back(
        {{"mark", {{"type", "text"}, {"dy", {{"expr", "datum.below ? 15 : -11"}}}, {"fontSize", 10}, {"limit", 140}}},
         {"encoding", {{"text", {{"field", steps ? "step" : "network"}, {"type", "nominal"}}}}}});
  figure.spec["layer"] = layers;
  figure.marks = static_cast<Index>(x.size());
  return figure;
}

}  // namespace confer::report
