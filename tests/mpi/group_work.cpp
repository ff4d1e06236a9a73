// Steps of work that a group of ranks does together.
#include "run/group_work.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace confer {
namespace {

/// Symmetric; the same on all ranks.
Matrix<double> example(Index n) {
  Matrix<double> matrix(n, n);
  for (Index j = 0; j < n; ++j)
    for (Index i = 0; i < n; ++i) matrix(i, j) = 1.0 / static_cast<double>(1 + i + j) + (i == j ? 1.0 : 0.0);
  return matrix;
}

TEST(GroupWork, DecomposesAsOneRankDoes) {
  Communicator const world = Communicator::world();
  for (Index const n : {1, 2, 40, 150}) {
    Matrix<double> const matrix = example(n);
    Eigen const alone = eigh(matrix);
    GroupWork work(world, {});
    Eigen shared, values;
    ASSERT_EQ(work.run([&] {
      shared = work.decompose(matrix, DirectionDetail::vectors);
      values = work.decompose(matrix, DirectionDetail::values);
    }),
              GroupWork::End::finished);
    EXPECT_EQ(shared.values, alone.values);
    EXPECT_TRUE(std::equal(alone.vectors.data(), alone.vectors.data() + n * n, shared.vectors.data()));
    EXPECT_EQ(values.vectors.size(), 0);
    for (std::size_t i = 0; i < alone.values.size(); ++i) EXPECT_NEAR(values.values[i], alone.values[i], 1e-12);
  }
}

TEST(GroupWork, NobodyWaitsForARankThatHasLeftBeforeADecomposition) {
  Communicator const world = Communicator::world();
  Matrix<double> const matrix = example(30);
  for (int rank = 0; rank < world.size(); ++rank)
    for (bool const stops : {false, true}) {
      GroupWork work(world, [&] { return stops && world.rank() == rank; });
      auto const end = work.run([&] {
        if (!stops && world.rank() == rank) throw std::runtime_error("left");
        work.decompose(matrix, DirectionDetail::vectors);
        work.step();
      });
      EXPECT_EQ(end, stops ? GroupWork::End::stopped : GroupWork::End::failed) << rank;
    }
}

TEST(GroupWork, ADecompositionThatFailsIsLeftByAll) {
  Communicator const world = Communicator::world();
  Matrix<double> matrix(20, 20);  // of this size LAPACK says so where it does not converge
  std::fill_n(matrix.data(), matrix.size(), std::numeric_limits<double>::quiet_NaN());
  GroupWork work(world, {});
  bool reached = false;
  auto const end = work.run([&] {
    work.decompose(matrix, DirectionDetail::vectors);
    work.step();
    reached = true;
  });
  EXPECT_EQ(end, GroupWork::End::failed);
  EXPECT_FALSE(reached);
  EXPECT_TRUE(!world.is_root() || work.failure());
}

}  // namespace
}  // namespace confer
