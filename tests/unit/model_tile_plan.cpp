#include <gtest/gtest.h>

#include <map>
#include <set>

#include "confer/model/tile_plan.hpp"

namespace confer {
namespace {

TEST(TilePlan, CoversEveryComparablePairOnce) {
  std::vector<PlanItem> items;
  for (Index i = 0; i < 50; ++i) items.push_back({i % 3 == 0 ? -1 : i % 2, 1000, 30 + 7 * (i % 11)});
  TilePlan const plan = plan_tiles(items, {});
  std::map<std::pair<Index, Index>, int> seen;
  for (auto const& tile : plan.tiles)
    for (Index const a : plan.panels[static_cast<std::size_t>(tile.row_panel)].members)
      for (Index const b : plan.panels[static_cast<std::size_t>(tile.col_panel)].members)
        if (tile.row_panel != tile.col_panel || a <= b) ++seen[std::minmax(a, b)];
  std::size_t expected = 0;
  for (Index a = 0; a < 50; ++a)
    for (Index b = a; b < 50; ++b)
      if (items[static_cast<std::size_t>(a)].group >= 0 &&
          items[static_cast<std::size_t>(a)].group == items[static_cast<std::size_t>(b)].group) {
        ++expected;
        EXPECT_EQ((seen[{a, b}]), 1) << a << " " << b;
      }
  EXPECT_EQ(seen.size(), expected);
}

TEST(TilePlan, HandsOutBiggestFirstAndLeavesEnoughTiles) {
  std::vector<PlanItem> const items(200, PlanItem{0, 20000, 50});
  TilePlan const plan = plan_tiles(items, {});
  EXPECT_GE(plan.tiles.size(), 60u);
  for (std::size_t i = 1; i < plan.tiles.size(); ++i) EXPECT_GE(1.2 * plan.tiles[i - 1].cost, plan.tiles[i].cost);
  EXPECT_GT(plan.tiles.front().cost, 1.2 * plan.tiles.back().cost);
}

TEST(TilePlan, CutsSmallJobsIntoFewerTiles) {
  auto const panels = [](Index rows) { return plan_panels(std::vector<PlanItem>(60, PlanItem{0, rows, 100})).size(); };
  EXPECT_EQ(panels(100), 6u);
  EXPECT_EQ(panels(100000), 12u);
  EXPECT_GT(panels(4000), 6u);
  EXPECT_LT(panels(4000), 12u);
}

TEST(TilePlan, KeepsTheRowPanelFromOneTileToTheNext) {
  std::vector<PlanItem> items;
  for (Index i = 0; i < 200; ++i) items.push_back({0, 2000, 45 + i * i % 11});
  TilePlan const plan = plan_tiles(items, {});
  std::size_t changes = 0;
  for (std::size_t i = 1; i < plan.tiles.size(); ++i)
    changes += plan.tiles[i].row_panel != plan.tiles[i - 1].row_panel ? 1 : 0;
  EXPECT_LE(changes, 3 * plan.panels.size());
}

TEST(TilePlan, PairCostGrowsWithEveryDimension) {
  PairCost const cost;
  EXPECT_LT(pair_seconds(cost, 1000, 50, 50), pair_seconds(cost, 2000, 50, 50));
  EXPECT_LT(pair_seconds(cost, 1000, 50, 50), pair_seconds(cost, 1000, 50, 60));
}

}  // namespace
}  // namespace confer
