// How representations are factored, from sizes alone, on up to thousands of ranks.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "confer/model/factor_plan.hpp"

namespace confer {
namespace {

constexpr double gibibyte = 1 << 30;

FactorShape shape(Index rows, Index features, Index per_sample = 1) {
  FactorShape s;
  s.rows = rows;
  s.features = features;
  s.rows_per_sample = per_sample;
  s.values_per_sample = static_cast<double>(features * per_sample);
  s.loadings = true;
  return s;
}

FactorRoute route(FactorShape const& s, double allowed = 64 * gibibyte, SvdRoute svd = SvdRoute::automatic,
                  Index ranks = 64) {
  auto const method = factor_method(s, svd, ranks, allowed);
  EXPECT_TRUE(method);
  return method ? method->route : FactorRoute::local;
}

TEST(FactorPlan, RoutesFollowTheSizesWhateverTheRanks) {
  for (Index const ranks : {1, 2, 3, 64, 4096}) {
    auto const of = [&](Index n, Index p) { return route(shape(n, p), 64 * gibibyte, SvdRoute::automatic, ranks); };
    EXPECT_EQ(of(10000, 512), FactorRoute::local);
    EXPECT_EQ(of(2000, 5000), FactorRoute::local);
    EXPECT_EQ(of(200000, 512), FactorRoute::pieces);
    EXPECT_EQ(of(10000000, 512), FactorRoute::shared);
    EXPECT_EQ(of(5000, 200000), FactorRoute::shared);
  }
}

TEST(FactorPlan, LargeSmallSidesAreDealtOut) {
  EXPECT_EQ(route(shape(8193, 8193)), FactorRoute::scalapack);
  EXPECT_EQ(route(shape(8192, 8193)), FactorRoute::pieces);
  EXPECT_EQ(route(shape(9000, 200000)), FactorRoute::scalapack);
  EXPECT_EQ(route(shape(200000, 9000)), FactorRoute::scalapack);
  EXPECT_EQ(route(shape(9000, 9000), 64 * gibibyte, SvdRoute::local), FactorRoute::pieces);
  EXPECT_EQ(route(shape(10000000, 512), 64 * gibibyte, SvdRoute::local), FactorRoute::pieces);
  EXPECT_EQ(route(shape(100, 10), 64 * gibibyte, SvdRoute::scalapack), FactorRoute::scalapack);
}

TEST(FactorPlan, StaysWithinTheMemoryAllowed) {
  for (auto const& s : {shape(10000, 512), shape(10000000, 512, 100), shape(5000, 200000), shape(2000, 2000),
                        shape(9000, 200000), shape(60, 60), shape(300000, 64, 50176)})
    for (SvdRoute const svd : {SvdRoute::automatic, SvdRoute::local, SvdRoute::scalapack})
      for (Index const ranks : {1, 4, 100}) {
        double const least = least_factor_memory(s, svd, ranks);
        EXPECT_FALSE(factor_method(s, svd, ranks, 0.99 * least));
        auto const tight = factor_method(s, svd, ranks, 1.01 * least);
        ASSERT_TRUE(tight) << s.rows << " " << s.features;
        EXPECT_LE(tight->memory, 1.01 * least);
        EXPECT_GE(tight->window, 1);
        for (double const allowed : {1.5 * least, 4 * least}) {
          auto const method = factor_method(s, svd, ranks, allowed);
          ASSERT_TRUE(method);
          EXPECT_LE(method->memory, allowed);
        }
      }
}

TEST(FactorPlan, LessMemoryMeansSmallerWindowsThenPiecesThenMoreRanks) {
  auto const wide = shape(5000, 20000);  // 400 MB in single precision
  auto const roomy = factor_method(wide, SvdRoute::automatic, 4, 32 * gibibyte);
  auto const tight = factor_method(wide, SvdRoute::automatic, 4, 1.02 * least_factor_memory(wide, SvdRoute::local, 4));
  ASSERT_TRUE(roomy && tight);
  EXPECT_EQ(roomy->route, tight->route);
  EXPECT_LT(tight->window, roomy->window);
  auto const square = shape(6000, 6000);
  EXPECT_EQ(route(square), FactorRoute::local);
  EXPECT_EQ(route(square, 2.6 * gibibyte), FactorRoute::pieces);
  EXPECT_EQ(route(square, 1.0 * gibibyte), FactorRoute::scalapack);
  EXPECT_GT(least_factor_memory(shape(20000, 20000), SvdRoute::automatic, 1),
            20 * least_factor_memory(shape(20000, 20000), SvdRoute::automatic, 64));
}

TEST(FactorPlan, PartsCoverAllUnitsEvenly) {
  for (Index const units : {0, 1, 7, 4883})
    for (Index const parts : {1, 3, 4096}) {
      Index next = 0;
      for (Index part = 0; part < parts; ++part) {
        auto const range = part_of(units, parts, part);
        EXPECT_EQ(range.begin, next);
        EXPECT_LE(range.end - range.begin, units / parts + 1);
        next = range.end;
      }
      EXPECT_EQ(next, units);
    }
  EXPECT_EQ(band_samples(1), 2048);
  EXPECT_EQ(band_samples(49), 41);
  EXPECT_EQ(band_samples(50176), 1);
}

TEST(FactorPlan, FewLargeMatricesGetLargeGroupsAndManyGetSmallOnes) {
  auto const check = [](std::vector<FactorShape> const& shapes, Index ranks, Index least) {
    GroupPlan const plan = plan_groups(shapes, ranks, least);
    std::multiset<Index> all;
    for (auto const& items : plan.items) all.insert(items.begin(), items.end());
    EXPECT_EQ(all.size(), shapes.size());
    EXPECT_EQ(std::set<Index>(all.begin(), all.end()).size(), shapes.size());
    EXPECT_GE(plan.groups, least);
    EXPECT_LE(plan.groups, ranks);
    Index last = 0;
    for (Index rank = 0; rank < ranks; ++rank) {
      Index const group = group_of(rank, ranks, plan.groups);
      EXPECT_TRUE(group == last || group == last + 1);
      last = group;
    }
    EXPECT_EQ(last, plan.groups - 1);
    return plan.groups;
  };
  std::vector<FactorShape> const one = {shape(10000000, 512)}, many(1000, shape(1000000, 512));
  EXPECT_EQ(check(one, 4096, 1), 1);
  EXPECT_GE(check(many, 4096, 1), 512);
  EXPECT_GE(check(many, 64, 1), 16);
  EXPECT_EQ(check(one, 4096, 64), 64);
  EXPECT_EQ(check({shape(10000000, 512), shape(5000, 200000), shape(400000, 1024)}, 3, 1), 1);
}

TEST(FactorPlan, WordsAreThoseOfOneTriangleSummedOverTheGroup) {
  auto const s = shape(8192, 256);
  EXPECT_EQ(factor_words(s, 1, 1), 0);
  EXPECT_NEAR(factor_words(s, 4, 1), 1.5 * 256 * 257 / 2, 0.04 * 1.5 * 256 * 257 / 2);
  EXPECT_NEAR(factor_words(s, 4096, 1) / factor_words(s, 4, 1), 2.0 / 1.5, 1e-3);
  EXPECT_GT(factor_words(s, 4, 2), 2 * factor_words(s, 4, 1));
}

TEST(FactorPlan, AFactorOfOneRankTakesWhatTheLocalRouteDoes) {
  FactorShape shape;
  shape.rows = 20'000;
  shape.features = 300;
  shape.values_per_sample = 300;
  shape.loadings = true;
  auto const method = factor_method(shape, SvdRoute::local, 1, 1e12);
  ASSERT_TRUE(method.has_value());
  EXPECT_DOUBLE_EQ(local_factor_memory(shape, true), method->memory);
  // A block of rows at a time, or all of a wide one.
  EXPECT_LT(local_factor_memory(shape, false), method->memory - 0.7 * 8 * 20'000 * 300);
  std::swap(shape.rows, shape.features);
  EXPECT_DOUBLE_EQ(local_factor_memory(shape, false), local_factor_memory(shape, true));
}

}  // namespace
}  // namespace confer
