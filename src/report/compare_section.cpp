#include <algorithm>
#include <numeric>

#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"
#include "report/compare_answer.hpp"
#include "report/compare_figures.hpp"
#include "report/sections.hpp"

namespace confer::report {

namespace {

void keep(FigureGroup& group, Figure figure) {
  if (!figure.spec.is_null()) group.figures.push_back(std::move(figure));
}

Table representations_table(Comparison const& c, std::vector<std::size_t> const& cluster) {
  constexpr std::size_t most = 300;
  Table table;
  table.header = {"representation", "rows", "features", "rank", "effective dimension", "cluster", "status"};
  for (std::size_t i = 0; i < std::min(c.count, most); ++i)
    table.rows.push_back({c.label[i], format_count(c.samples[i]), format_count(c.features[i]), format_count(c.rank[i]),
                          brief(c.participation_ratio[i]), std::to_string(cluster[i] + 1), c.status[i]});
  if (c.count > most)
    table.omitted =
        "The first " + std::to_string(most) + " of " + format_count(static_cast<Index>(c.count)) + " representations.";
  return table;
}

Table measures_table(Comparison const& c) {
  Table table;
  table.header = {"measure", "meaning", "formula", "reference"};
  for (auto const& m : c.measures) table.rows.push_back({m.name, m.long_name, m.formula, m.reference});
  return table;
}

}  // namespace

Section compare_section(ResultSet const& results, std::string const& path) {
  Comparison const c = view_comparison(results, path);
  std::vector<std::size_t> all(c.count);
  std::iota(all.begin(), all.end(), std::size_t{0});
  Orders orders{order_by_network(c), order_by_depth(c), {}};

  Section section;
  section.title = "Comparison of " + count_of(static_cast<long long>(c.networks.size()), "network");
  if (c.checkpoints.size() > c.networks.size())
    section.title += " at " + count_of(static_cast<long long>(c.checkpoints.size()), "checkpoint");
  FigureGroup heatmaps{
      "All pairs, by every measure", "Rows and columns are representations; change their order above.", {}};
  Linkage leading_linkage;
  std::vector<std::size_t> cluster(c.count, 0);
  auto const draw = [&](MeasureView const& m) {
    auto const distances = distances_between(c, m, all);
    Linkage linkage = linkage_of(distances, c.count);
    orders.clustering = linkage.leaves;
    heatmaps.figures.push_back(heatmap(c, m, orders));
    if (&m != &c.leading()) return;
    cluster = linkage.cut(best_cut(linkage, distances, 8));
    leading_linkage = std::move(linkage);
  };
  draw(c.leading());
  for (auto const& m : c.measures)
    if (&m != &c.leading()) draw(m);

  section.answer = comparison_answer(c, cluster);
  section.warnings = comparison_warnings(c, results);
  section.controls = {
      {"order", "order of rows", {{"network", "by network"}, {"depth", "by depth"}, {"clustering", "by clustering"}}},
      {"measure", "measure of the curves", measure_options(c)}};
  std::stable_partition(section.controls[1].options.begin(), section.controls[1].options.end(),
                        [&](auto const& option) { return option.first == c.leading().name; });

  FigureGroup structure{"How networks and layers relate", "", {}};
  keep(structure, layer_curves(c));
  keep(structure, convergence(c));
  keep(structure, embedding(c));
  keep(structure, dendrogram(c, c.leading(), leading_linkage, cluster));
  FigureGroup chance{"How much of it is more than chance", "", {}};
  keep(chance, value_against_chance(c));
  keep(chance, canonical_correlations(c, results));
  section.groups = {std::move(structure), std::move(heatmaps), std::move(chance)};
  section.tables = {{"Representations", representations_table(c, cluster)}, {"Measures", measures_table(c)}};
  section.provenance = provenance(results);
  return section;
}

}  // namespace confer::report
