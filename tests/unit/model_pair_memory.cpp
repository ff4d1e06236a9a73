// What the pair stage holds, fitted to the memory of a rank.
#include <gtest/gtest.h>

#include "confer/model/cost_model.hpp"

namespace confer {
namespace {

JobSize job(Index count, Index rows, Index features, Index kept) {
  JobSize size;
  RepresentationSize r;
  r.rows = rows;
  r.features = features;
  r.kept = r.components = kept;
  size.representations.assign(static_cast<std::size_t>(count), r);
  size.pairs = static_cast<double>(count * (count - 1) / 2);
  size.work.canonical = size.work.weights = true;
  return size;
}

TEST(PairMemory, HoldsWholePanelsWhereThereIsRoom) {
  auto const roomy = pair_memory(job(50, 10000, 512, 100), 1e12);
  EXPECT_EQ(roomy.limits.rows, 65536);
  EXPECT_GE(roomy.limits.loadings_bytes, 1536 * 512 * 4.0);
  EXPECT_GT(roomy.bytes, 2 * 10000 * 400 * 4.0);  // panels of 400 columns
}

TEST(PairMemory, LessRoomMeansShorterPiecesAndNeverMoreBytes) {
  for (auto const& size : {job(50, 60000, 512, 100), job(4, 400, 60000, 399), job(20, 10000000, 256, 256)}) {
    double const least = pair_memory(size, 0).bytes, most = pair_memory(size, 1e13).bytes;
    EXPECT_LT(least, most);
    Index rows = 0;
    for (double allowed = least * 1.001; allowed < 1.5 * most; allowed *= 1.2) {
      auto const memory = pair_memory(size, allowed);
      EXPECT_LE(memory.bytes, allowed);
      EXPECT_GE(memory.limits.rows, rows);
      EXPECT_EQ(memory.limits.rows % 4096, 0);
      rows = memory.limits.rows;
    }
  }
}

TEST(PairMemory, TenMillionRowsTakeNoMoreThanTheLongestSlice) {
  EXPECT_NEAR(pair_memory(job(20, 10000000, 256, 256), 1e13).bytes, pair_memory(job(20, 200000, 256, 256), 1e13).bytes, 1);
}

TEST(PlanOfLargeFactors, CountsTheWordsOfGroupsAndTheMemoryAllowed) {
  JobSize size = job(2, 10000000, 512, 100);
  size.ranks = 64;
  auto const factor = [&] { return estimate_cost(size, MachineRates()).phases[1]; };
  EXPECT_GT(factor().words_sent, 2 * 512 * 512 / 2.0);
  double const alone = factor().seconds;
  size.ranks = 4096;
  EXPECT_LT(factor().seconds, alone / 10);
  size.memory_per_rank = 400e6;
  EXPECT_LE(factor().memory, 400e6);
}

}  // namespace
}  // namespace confer
