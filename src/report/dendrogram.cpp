#include <algorithm>
#include <cmath>

#include "report/compare_figures.hpp"

namespace confer::report {

namespace {

constexpr std::size_t most_leaves = 60;  ///< more would not be readable: the tree is cut and its leaves become groups

/// The part of the tree that is drawn: its leaves are single items or whole clusters.
struct Drawn {
  std::vector<std::vector<std::size_t>> members;  ///< of each drawn leaf, in order
  std::vector<std::size_t> leaf_of;               ///< drawn leaf of each item
};

Drawn draw_leaves(Linkage const& linkage) {
  Drawn drawn;
  std::size_t const n = linkage.leaves.size();
  auto const cluster = linkage.cut(std::min(n, most_leaves));
  drawn.members.resize(std::min(n, most_leaves));
  drawn.leaf_of.resize(n);
  for (std::size_t const leaf : linkage.leaves) {
    drawn.members[cluster[leaf]].push_back(leaf);
    drawn.leaf_of[leaf] = cluster[leaf];
  }
  return drawn;
}

}  // namespace

Figure dendrogram(Comparison const& c, MeasureView const& measure, Linkage const& linkage,
                  std::vector<std::size_t> const& cluster) {
  Figure figure;
  std::size_t const n = linkage.leaves.size();
  if (n < 3) return figure;
  Drawn const drawn = draw_leaves(linkage);
  std::size_t const leaves = drawn.members.size();
  figure.shape = Figure::Shape::tall;
  figure.title = "Which representations belong together";
  figure.reading =
      "Average linkage by " + measure.name + (measure.distance ? "" : " (distance: 1 - value)") +
      ". Two branches join at the mean distance between their members: the further right, the more different. "
      "Colours: the clusters named in the answer.";

  struct Node {
    double x, y;
  };
  std::vector<Node> nodes(n + linkage.merges.size());
  for (std::size_t leaf = 0; leaf < leaves; ++leaf)
    for (auto const item : drawn.members[leaf]) nodes[item] = {0, static_cast<double>(leaf) + 0.5};
  Json lines = Json::array();
  auto const line = [&](double x, double x2, double y, double y2, double height, Index members) {
    lines.push_back({{"x", x}, {"x2", x2}, {"y", y}, {"y2", y2}, {"height", height}, {"members", members}});
  };
  std::size_t const inside = n - leaves;  // merges within drawn leaves
  for (std::size_t i = 0; i < linkage.merges.size(); ++i) {
    auto const& merge = linkage.merges[i];
    Node const left = nodes[static_cast<std::size_t>(merge.left)], right = nodes[static_cast<std::size_t>(merge.right)];
    nodes[n + i] = i < inside ? Node{0, left.y} : Node{merge.height, 0.5 * (left.y + right.y)};
    if (i < inside) continue;
    line(left.x, merge.height, left.y, left.y, merge.height, merge.size);
    line(right.x, merge.height, right.y, right.y, merge.height, merge.size);
    line(merge.height, merge.height, left.y, right.y, merge.height, merge.size);
  }
  Json labels = Json::array(), points = Json::array(), ticks = Json::array();
  figure.table.header = {"cluster", "representations"};
  for (std::size_t leaf = 0; leaf < leaves; ++leaf) {
    auto const& members = drawn.members[leaf];
    std::string label = c.short_label[members.front()];
    if (members.size() > 1) label = std::to_string(members.size()) + " like " + label;
    labels.push_back(label);
    ticks.push_back(static_cast<double>(leaf) + 0.5);
    auto const name = std::to_string(cluster[members.front()] + 1);
    points.push_back({{"x", 0}, {"y", static_cast<double>(leaf) + 0.5}, {"label", label}, {"cluster", name}});
    figure.table.rows.push_back({name, label});
  }
  figure.spec = specification(figure.title);
  figure.spec.erase("transform");
  figure.spec["data"] = {{"values", Json::array()}};
  figure.spec["params"].push_back(parameter("labels", labels));
  Json const y = {{"field", "y"},
                  {"type", "quantitative"},
                  {"scale", {{"domain", {0, leaves}}, {"nice", false}, {"reverse", true}}},
                  {"axis",
                   {{"values", ticks},
                    {"title", nullptr},
                    {"grid", false},
                    {"domain", false},
                    {"ticks", false},
                    {"labelExpr", "labels[floor(datum.value)]"},
                    {"labelLimit", 180},
                    {"labelFontSize", 10},
                    {"labelPadding", 8},
                    {"labelOverlap", "greedy"}}}};
  Json const x = {{"field", "x"},
                  {"type", "quantitative"},
                  {"scale", {{"nice", true}, {"zero", true}}},
                  {"title", "mean distance where branches join"},
                  {"axis", {{"grid", true}}}};
  figure.spec["layer"] = Json::array(
      {{{"data", {{"values", lines}}},
        {"mark", {{"type", "rule"}, {"strokeWidth", 1.3}, {"color", "#555"}}},
        {"encoding",
         {{"x", x},
          {"x2", {{"field", "x2"}}},
          {"y", y},
          {"y2", {{"field", "y2"}}},
          {"tooltip", {exact("height", "distance"), exact("members", "representations below")}}}}},
       {{"data", {{"values", points}}},
        {"mark", {{"type", "point"}, {"filled", true}, {"size", 45}, {"opacity", 1}, {"xOffset", -4}}},
        {"encoding",
         {{"x", x},
          {"y", y},
          {"color",
           {{"field", "cluster"}, {"type", "nominal"}, {"scale", {{"range", "category"}}}, {"legend", nullptr}}},
          {"tooltip", {exact("label", "representation"), exact("cluster", "cluster")}}}}}});
  figure.height = static_cast<int>(80 + 17 * leaves);
  figure.marks = static_cast<Index>(4 * leaves);
  return figure;
}

}  // namespace confer::report
