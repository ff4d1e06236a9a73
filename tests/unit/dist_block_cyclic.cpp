#include <gtest/gtest.h>

#include <vector>

#include "confer/dist/block_cyclic.hpp"

namespace confer {

TEST(BlockCyclic, EveryElementHasOnePlace) {
  for (Index size : {0, 1, 5, 12, 13, 64, 100})
    for (Index block : {1, 3, 8})
      for (Index parts : {1, 2, 3, 5}) {
        BlockCyclic const dimension{size, block, parts};
        std::vector<Index> counts(static_cast<std::size_t>(parts));
        for (Index g = 0; g < size; ++g) {
          int const owner = dimension.owner(g);
          EXPECT_EQ(dimension.global(dimension.local(g), owner), g);
          EXPECT_EQ(dimension.local(g), counts[static_cast<std::size_t>(owner)]++);
        }
        for (Index part = 0; part < parts; ++part)
          EXPECT_EQ(dimension.local_size(static_cast<int>(part)), counts[static_cast<std::size_t>(part)]);
      }
}

TEST(BlockCyclic, BlocksAreDealtInTurn) {
  BlockCyclic const dimension{10, 2, 3};
  EXPECT_EQ(dimension.owner(0), 0);
  EXPECT_EQ(dimension.owner(3), 1);
  EXPECT_EQ(dimension.owner(6), 0);
  EXPECT_EQ(dimension.local(7), 3);
}

TEST(GridShape, IsNearlySquareAndWastesFewRanks) {
  for (int ranks = 1; ranks <= 4096; ++ranks) {
    auto const shape = grid_shape(ranks);
    EXPECT_LE(shape.rows, shape.cols);
    EXPECT_LE(shape.cols, shape.rows + 2);
    EXPECT_LE(shape.rows * shape.cols, ranks);
    EXPECT_LT(ranks - shape.rows * shape.cols, shape.rows);
  }
}

}  // namespace confer
