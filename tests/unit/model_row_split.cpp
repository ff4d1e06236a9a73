// When the rows of a product are shared by all ranks, and that fixed sums do not depend on their order.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "confer/model/fixed_sum.hpp"
#include "confer/model/row_split.hpp"

namespace confer {
namespace {

std::vector<bool> choice(std::vector<SplitPiece> const& pieces, Index ranks) { return plan_row_split(pieces, ranks).by_rows; }

TEST(RowSplit, FewLongPiecesAreSharedAndManyAreHandedOut) {
  std::vector<SplitPiece> const few(3, {100, 1, 153, 1e6}), many(5000, {100, 1, 153, 1e6}), short_ones(3, {100, 1, 1, 1e6});
  EXPECT_EQ(choice(few, 64), std::vector<bool>(3, true));
  EXPECT_EQ(choice(few, 4096), std::vector<bool>(3, true));
  EXPECT_EQ(choice(few, 1), std::vector<bool>(3, false));
  EXPECT_EQ(choice(many, 64), std::vector<bool>(5000, false));
  EXPECT_EQ(choice(short_ones, 64), std::vector<bool>(3, false));
}

TEST(RowSplit, OnlyThePiecesThatHoldUpTheOthersAreShared) {
  std::vector<SplitPiece> mixed(2000, {1, 0.1, 2, 1e6});
  mixed[0] = {1000, 1, 1000, 1e6};
  auto const split = plan_row_split(mixed, 64);
  EXPECT_TRUE(split.by_rows[0]);
  EXPECT_EQ(std::count(split.by_rows.begin(), split.by_rows.end(), true), 1);
  EXPECT_LT(split.seconds, 1000.0 / 10);
  EXPECT_EQ(split.words, 1e6);
}

TEST(RowSplit, APieceWhoseProductIsCheapIsNot) {
  EXPECT_EQ(choice({{0.001, 10, 2, 1e8}}, 16), std::vector<bool>{false});
}

TEST(FixedSum, IsTheSameInAnyOrderAndRightToRounding) {
  std::mt19937 generator(1);
  std::normal_distribution<double> normal(0, 1e-3);
  std::vector<double> values;
  for (int i = 0; i < 5000; ++i) values.push_back(normal(generator));
  Index forward = 0, shuffled = 0;
  long double exact = 0;
  for (double const value : values) {
    forward += to_fixed(value);
    exact += static_cast<long double>(value);
  }
  std::shuffle(values.begin(), values.end(), generator);
  for (double const value : values) shuffled += to_fixed(value);
  EXPECT_EQ(forward, shuffled);
  EXPECT_NEAR(from_fixed(forward), static_cast<double>(exact), 1e-14);
  EXPECT_EQ(from_fixed(to_fixed(1.0)), 1.0);
  EXPECT_EQ(from_fixed(to_fixed(-0.5)), -0.5);
}

}  // namespace
}  // namespace confer
