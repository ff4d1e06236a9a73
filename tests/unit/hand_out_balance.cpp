// Replays the hand-out of the pair stage on the tiles that the plan makes, with the seconds that the cost model gives
// them: how evenly are up to 4,096 ranks loaded? No clock is looked at.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <queue>
#include <random>

#include "confer/model/cost_model.hpp"
#include "confer/model/tile_plan.hpp"

namespace confer {
namespace {

/// Representations whose numbers of directions spread log-normally around 50, as those of layers of many widths do.
std::vector<PlanItem> lognormal_items(Index count) {
  std::mt19937 generator(7);
  std::vector<PlanItem> items;
  for (Index i = 0; i < count; ++i) {
    double u = 0;  // nearly normal, and the same with every library
    for (int draw = 0; draw < 12; ++draw) u += static_cast<double>(generator()) / 4294967296.0;
    items.push_back({0, 2000, std::clamp<Index>(static_cast<Index>(50 * std::exp(0.6 * (u - 6))), 4, 400)});
  }
  return items;
}

std::vector<double> tile_seconds(TilePlan const& plan) {
  std::vector<double> seconds;
  for (auto const& tile : plan.tiles) seconds.push_back(tile.cost);
  return seconds;
}

/// Some tiles take longer than the model thinks, by a factor up to 1.25 either way.
std::vector<double> with_errors(std::vector<double> seconds) {
  std::mt19937 generator(11);
  for (double& s : seconds) s *= std::pow(1.25, static_cast<double>(generator()) / 2147483648.0 - 1);
  return seconds;
}

/// When all is done if ranks of these speeds take the items in order: each has one under way and one waiting, until
/// fewer than two items for each rank are left, which go to idle ranks only (src/dist/hand_out.cpp).
double replay(std::vector<double> const& items, std::vector<double> const& speeds) {
  struct Rank {
    double busy_until = 0;
    int unfinished = 0;
    std::queue<double> waiting;  // seconds at its own speed
  };
  std::vector<Rank> ranks(speeds.size());
  using Event = std::pair<double, std::size_t>;  // a rank finishes an item
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events;
  std::size_t next = 0;
  double last = 0;
  auto const give = [&](std::size_t r, double now) {
    while (ranks[r].unfinished < 2 && next < items.size()) {
      bool const scarce = items.size() - next < 2 * speeds.size();
      if (scarce && ranks[r].unfinished > 0) return;
      ranks[r].waiting.push(items[next++] / speeds[r]);
      if (++ranks[r].unfinished == 1) {
        ranks[r].busy_until = now + ranks[r].waiting.front();
        events.emplace(ranks[r].busy_until, r);
      }
    }
  };
  for (std::size_t r = 0; r < ranks.size(); ++r) give(r, 0);
  while (!events.empty()) {
    auto const [now, r] = events.top();
    events.pop();
    last = now;
    ranks[r].waiting.pop();
    --ranks[r].unfinished;
    if (ranks[r].unfinished > 0) {
      ranks[r].busy_until = now + ranks[r].waiting.front();
      events.emplace(ranks[r].busy_until, r);
    }
    give(r, now);
  }
  return last;
}

/// Work done over work that could have been done meanwhile.
double balance(std::vector<double> const& items, Index ranks, double slowest = 1) {
  std::vector<double> speeds(static_cast<std::size_t>(computing_ranks(ranks)), 1.0);
  speeds[speeds.size() / 2] = slowest;
  double const work = std::accumulate(items.begin(), items.end(), 0.0);
  return work / std::accumulate(speeds.begin(), speeds.end(), 0.0) / replay(items, speeds);
}

/// What cannot be fallen short of: when nothing is left to give, a rank has two items at most, small ones at its speed.
double guaranteed(std::vector<double> const& items, Index ranks, double slowest) {
  double const work = std::accumulate(items.begin(), items.end(), 0.0);
  double const even = work / (static_cast<double>(computing_ranks(ranks)) - 1 + slowest);
  std::size_t const tail = std::min(items.size(), static_cast<std::size_t>(3 * ranks));
  double const last = *std::max_element(items.end() - static_cast<std::ptrdiff_t>(tail), items.end());
  return even / (even + 2 * last / slowest);
}

TEST(HandOutBalance, TheReplayItself) {
  EXPECT_DOUBLE_EQ(replay({3, 2, 2}, {1}), 7);
  EXPECT_DOUBLE_EQ(replay({1, 1, 1, 1}, {1, 1}), 2);
  EXPECT_DOUBLE_EQ(replay({1, 1, 1, 1, 1, 1}, {1, 0.5}), 4);  // two by the slow one, four by the other
  EXPECT_DOUBLE_EQ(replay({5}, {1, 1, 1}), 5);
  EXPECT_DOUBLE_EQ(replay({}, {1, 1}), 0);
}

TEST(HandOutBalance, AJobOfThousandsLoadsFourThousandRanks) {
  TilePlan const plan = plan_tiles(lognormal_items(12000), {});
  std::vector<double> const predicted = tile_seconds(plan), real = with_errors(predicted);
  ASSERT_GT(std::ssize(plan.tiles), 20 * 4096);
  for (Index ranks : {1, 2, 32, 33, 256, 1024, 4096}) {
    EXPECT_GE(balance(predicted, ranks), 0.95) << ranks;
    EXPECT_GE(balance(real, ranks), 0.95) << ranks;
    // With some 25 pieces each, the last ones of a slow rank weigh.
    double const least = ranks <= 1024 ? 0.95 : guaranteed(real, ranks, 0.5);
    EXPECT_GE(balance(real, ranks, 0.5), least) << ranks << " ranks, one at half the speed";
    RecordProperty("one_slow_of_" + std::to_string(ranks), std::to_string(balance(real, ranks, 0.5)));
  }
}

TEST(HandOutBalance, AJobOfAThousandLoadsAWorkstation) {
  std::vector<double> const real = with_errors(tile_seconds(plan_tiles(lognormal_items(1000), {})));
  for (Index ranks : {2, 4, 8, 16, 32}) {
    EXPECT_GE(balance(real, ranks), 0.95) << ranks;
    if (std::ssize(real) >= 40 * ranks) {
      EXPECT_GE(balance(real, ranks, 0.5), 0.95) << ranks;
    }
  }
}

/// The prediction knows of no prefetching and no slow rank; it must tell where more ranks stop being of use.
TEST(HandOutBalance, ThePlanTellsWhereTilesRunOut) {
  std::vector<double> const seconds = tile_seconds(plan_tiles(lognormal_items(2000), {}));
  std::vector<WorkItems> items;
  for (double const s : seconds) items.push_back({s, 1});
  double const work = std::accumulate(seconds.begin(), seconds.end(), 0.0);
  for (Index ranks : {64, 256, 1024, 4096}) {
    Index const workers = computing_ranks(ranks);
    double const told = work / static_cast<double>(workers) / hand_out_seconds(items, workers);
    EXPECT_NEAR(balance(seconds, ranks), told, 0.06) << ranks;
    if (std::ssize(seconds) < workers) {
      EXPECT_LT(told, 0.95) << ranks;
    }
    RecordProperty("balance_" + std::to_string(ranks), std::to_string(told));
  }
}

}  // namespace
}  // namespace confer
