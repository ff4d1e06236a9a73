#include "confer/model/tile_plan.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace confer {

namespace {

/// Columns of a panel. Wide ones make fast products and fill the batches of spectra; beyond the widest only memory
/// grows. About twelve panels leave enough tiles to share out; down to half as many, where tiles would take less than
/// some 50 ms.
Index panel_columns(Index columns, Index rows) {
  constexpr Index narrowest = 256, widest = 1024;
  constexpr double flops_worth_a_tile = 4e9;
  double const worth = std::sqrt(flops_worth_a_tile / 2 / static_cast<double>(std::max<Index>(rows, 1)));
  return std::clamp(std::clamp(static_cast<Index>(worth), columns / 12, columns / 6), narrowest, widest);
}

}  // namespace

double pair_seconds(PairCost const& cost, Index rows, Index k, Index l) {
  auto const n = static_cast<double>(rows), a = static_cast<double>(k), b = static_cast<double>(l);
  double const small = std::min(a, b);
  return 2 * n * a * b / cost.gemm_flops +
         static_cast<double>(cost.spectra_per_pair) * (small * small * std::max(a, b) + small * small * small) /
             cost.spectra_flops;
}

std::vector<Panel> plan_panels(std::span<PlanItem const> items) {
  std::map<Index, std::vector<Index>> groups;
  std::map<Index, Index> columns;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].group < 0) continue;
    groups[items[i].group].push_back(static_cast<Index>(i));
    columns[items[i].group] += items[i].columns;
  }
  std::vector<Panel> panels;
  for (auto const& [group, members] : groups) {
    Index const target = panel_columns(columns[group], items[static_cast<std::size_t>(members.front())].rows);
    auto const first = panels.size();
    for (Index const member : members) {
      PlanItem const& item = items[static_cast<std::size_t>(member)];
      bool const open = panels.size() > first && panels.back().columns + item.columns <= target;
      if (!open) panels.push_back({{}, item.rows, 0});
      panels.back().members.push_back(member);
      panels.back().columns += item.columns;
    }
  }
  return panels;
}

TilePlan plan_tiles(std::span<PlanItem const> items, PairCost const& cost) {
  TilePlan plan{plan_panels(items), {}};
  auto const group = [&](std::size_t panel) { return items[static_cast<std::size_t>(plan.panels[panel].members[0])].group; };
  for (std::size_t i = 0; i < plan.panels.size(); ++i)
    for (std::size_t j = i; j < plan.panels.size() && group(j) == group(i); ++j) {
      Tile tile{static_cast<Index>(i), static_cast<Index>(j), 0};
      for (Index const a : plan.panels[i].members)
        for (Index const b : plan.panels[j].members)
          if (i != j || a <= b)
            tile.cost += pair_seconds(cost, items[static_cast<std::size_t>(a)].rows,
                                      items[static_cast<std::size_t>(a)].columns,
                                      items[static_cast<std::size_t>(b)].columns);
      plan.tiles.push_back(tile);
    }
  // Tiles of about the same cost stay in order, so that a rank often keeps the row panel that it holds.
  auto const size_class = [](Tile const& tile) { return std::floor(4 * std::log2(tile.cost)); };
  std::stable_sort(plan.tiles.begin(), plan.tiles.end(),
                   [&](Tile const& a, Tile const& b) { return size_class(a) > size_class(b); });
  return plan;
}

Index selected_pairs(TilePlan const& plan, Tile const& tile, std::function<bool(Index, Index)> const& selected) {
  auto const& rows = plan.panels[static_cast<std::size_t>(tile.row_panel)].members;
  auto const& cols = plan.panels[static_cast<std::size_t>(tile.col_panel)].members;
  Index count = 0;
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t j = 0; j < (tile.row_panel == tile.col_panel ? i : cols.size()); ++j)
      count += selected(rows[i], cols[j]) ? 1 : 0;
  return count;
}

}  // namespace confer
