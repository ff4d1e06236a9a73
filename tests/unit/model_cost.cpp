#include <gtest/gtest.h>

#include <cmath>

#include "confer/model/cost_model.hpp"
#include "confer/model/tile_plan.hpp"

namespace confer {
namespace {

JobSize job_of(Index count, Index rows, Index features, Index kept, Index ranks = 1, Index nodes = 1) {
  JobSize job;
  job.representations.assign(static_cast<std::size_t>(count),
                             {0, rows, features, kept, kept, 2, 4.0 * static_cast<double>(rows * features)});
  job.pairs = 0.5 * static_cast<double>(count) * static_cast<double>(count - 1);
  job.work.truncated = true;
  job.ranks = ranks;
  job.nodes = nodes;
  return job;
}

PhaseCost phase(CostEstimate const& estimate, std::string const& name) {
  for (auto const& phase : estimate.phases)
    if (phase.name == name) return phase;
  ADD_FAILURE() << "no phase " << name;
  return {};
}

TEST(SizeCurve, PassesThroughItsPointsAndIsAPowerLawBetween) {
  SizeCurve const curve({{10, 1e-6}, {100, 1e-4}, {200, 8e-4}});
  EXPECT_NEAR(curve.at(100), 1e-4, 1e-18);
  EXPECT_NEAR(curve.at(10), 1e-6, 1e-18);
  EXPECT_NEAR(curve.at(20), 4e-6, 1e-12);
  EXPECT_EQ(curve.at(5), 1e-6);
  EXPECT_NEAR(curve.at(400), 64e-4, 1e-9);
  EXPECT_EQ(SizeCurve().at(50), 0);
  EXPECT_NEAR(SizeCurve({{10, 1.0}}).at(20), 8.0, 1e-12);
}

TEST(HandOut, BiggestFirstFillsTheGaps) {
  EXPECT_DOUBLE_EQ(hand_out_seconds({{3, 2}, {2, 3}}, 2), 7);  // what this rule gives; 6 would be best
  EXPECT_DOUBLE_EQ(hand_out_seconds({{1, 100}}, 10), 10);
  EXPECT_DOUBLE_EQ(hand_out_seconds({{1, 101}}, 10), 11);
  EXPECT_DOUBLE_EQ(hand_out_seconds({{10, 1}, {1, 10}}, 2), 10);  // small ones while the big one runs
  EXPECT_DOUBLE_EQ(hand_out_seconds({{10, 3}, {1, 10}}, 2), 20);
  EXPECT_DOUBLE_EQ(hand_out_seconds({{10, 1}, {0.001, 1000}}, 4096), 10);
  EXPECT_DOUBLE_EQ(hand_out_seconds({}, 3), 0);
}

TEST(HandOut, IsNeverBelowItsTwoBounds) {
  for (Index workers : {1, 2, 7, 64, 4095}) {
    std::vector<WorkItems> items;
    double total = 0;
    for (int i = 0; i < 40; ++i) {
      items.push_back({std::exp(0.1 * i), 1.0 + (i * 37) % 101});
      total += items.back().seconds * items.back().count;
    }
    double const span = hand_out_seconds(items, workers), share = total / static_cast<double>(workers);
    double const biggest = items.back().seconds;
    EXPECT_GE(span, share * (1 - 1e-12));
    EXPECT_GE(span, biggest);
    EXPECT_LE(span, share + biggest);
  }
}

TEST(CostModel, ArithmeticFollowsTheSizes) {
  auto const small = estimate_cost(job_of(100, 2000, 512, 50), {});
  auto const twice = estimate_cost(job_of(200, 2000, 512, 50), {});
  EXPECT_NEAR(phase(twice, "pairs").flops / phase(small, "pairs").flops, 4, 0.05);
  EXPECT_NEAR(phase(twice, "factor").flops / phase(small, "factor").flops, 2, 1e-12);
  EXPECT_DOUBLE_EQ(phase(small, "factor").bytes_read, 100 * 2000 * 512 * 4.0);
  // 2 n k^2 for each pair, half of that for a representation with itself.
  JobSize job = job_of(100, 2000, 512, 50);
  job.work.truncated = false;
  EXPECT_DOUBLE_EQ(phase(estimate_cost(job, {}), "pairs").flops, 2000.0 * 5000 * 5000);
}

TEST(CostModel, EveryDimensionCostsTime) {
  auto const seconds = [](JobSize const& job) { return estimate_cost(job, {}).seconds; };
  double const base = seconds(job_of(100, 2000, 512, 50));
  EXPECT_GT(seconds(job_of(120, 2000, 512, 50)), base);
  EXPECT_GT(seconds(job_of(100, 3000, 512, 50)), base);
  EXPECT_GT(seconds(job_of(100, 2000, 600, 50)), base);
  EXPECT_GT(seconds(job_of(100, 2000, 512, 60)), base);
  JobSize job = job_of(100, 2000, 512, 50);
  job.work.weights = true;
  EXPECT_GT(seconds(job), base);
  job = job_of(100, 2000, 512, 50);
  job.exact = true;
  EXPECT_GT(seconds(job), base);
}

TEST(CostModel, StagesScaleUntilTilesRunOut) {
  double const one = phase(estimate_cost(job_of(1000, 2000, 256, 50), {}), "pairs").seconds;
  double last = one;
  for (Index ranks : {2, 8, 32, 128, 1024, 4096}) {
    auto const estimate = estimate_cost(job_of(1000, 2000, 256, 50, ranks, std::max<Index>(1, ranks / 64)), {});
    double const now = phase(estimate, "pairs").seconds;
    EXPECT_LE(now, last * 1.0001) << ranks;
    EXPECT_GE(now * static_cast<double>(ranks), one * 0.95) << ranks;
    EXPECT_LE(estimate.balance, 1 + 1e-12);
    EXPECT_GE(now, estimate.largest_tile);
    last = now;
  }
}

TEST(CostModel, FourThousandRanksOfAHugeJob) {
  auto const estimate = estimate_cost(job_of(10000, 2000, 512, 50, 4096, 64), {});
  EXPECT_GT(estimate.tiles, 10 * 4096);
  EXPECT_GT(estimate.balance, 0.9);
  EXPECT_LE(estimate.balance, 1 + 1e-12);
  EXPECT_GE(estimate.results_bytes, 8e8);  // one matrix of 10^4 x 10^4
  EXPECT_NEAR(estimate.store_per_node, 1e4 * 2000 * 50 * 4, 0.06 * 4e9);
  EXPECT_LT(estimate.memory_per_rank, estimate.memory_first_rank);
  for (auto const& phase : estimate.phases) {
    EXPECT_GT(phase.seconds, 0) << phase.name;
    EXPECT_GE(phase.seconds, phase.limit_seconds * 0.999) << phase.name;
  }
}

TEST(CostModel, TilesAreThoseOfThePlan) {
  JobSize job = job_of(150, 2000, 256, 40);
  for (std::size_t i = 0; i < 150; i += 3) job.representations[i].kept = 100;
  for (std::size_t i = 0; i < 150; i += 5) job.representations[i].group = 1;
  for (std::size_t i = 0; i < 150; i += 50) job.representations[i].group = -1;
  std::vector<PlanItem> items;
  for (auto const& r : job.representations) items.push_back({r.group, r.rows, r.kept});
  EXPECT_DOUBLE_EQ(estimate_cost(job, {}).tiles, static_cast<double>(plan_tiles(items, {}).tiles.size()));
}

TEST(CostModel, OneNodeSendsNoFactorsAndOneRankNothing) {
  EXPECT_EQ(phase(estimate_cost(job_of(50, 1000, 128, 64), {}), "pairs").words_sent, 0);
  EXPECT_EQ(phase(estimate_cost(job_of(50, 1000, 128, 64), {}), "factor").words_sent, 0);
  double const within = phase(estimate_cost(job_of(50, 1000, 128, 64, 4, 1), {}), "factor").words_sent;
  double const between = phase(estimate_cost(job_of(50, 1000, 128, 64, 4, 2), {}), "factor").words_sent;
  EXPECT_NEAR(between - within, estimate_cost(job_of(50, 1000, 128, 64), {}).store_per_node / 8 / 4, 1);
}

TEST(CostModel, FinishedWorkIsNotPaidAgain) {
  JobSize job = job_of(100, 2000, 256, 50);
  auto const whole = estimate_cost(job, {});
  job.share_of_factors = 0;
  job.share_of_pairs = 0.5;
  auto const rest = estimate_cost(job, {});
  EXPECT_EQ(phase(rest, "factor").flops, 0);
  EXPECT_NEAR(phase(rest, "pairs").seconds / phase(whole, "pairs").seconds, 0.5, 0.05);
}

TEST(CostModel, NothingComparableCostsNoPairs) {
  JobSize job = job_of(10, 1000, 128, 20);
  for (auto& r : job.representations) r.group = -1;
  job.pairs = 0;
  EXPECT_EQ(phase(estimate_cost(job, {}), "pairs").flops, 0);
  EXPECT_EQ(estimate_cost(job, {}).tiles, 0);
}

}  // namespace
}  // namespace confer
