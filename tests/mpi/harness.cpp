// The test of the test harness: what a failure on one rank looks like, and that it fails the whole program.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "confer/comm/communicator.hpp"
#include "support/mpi_listener.hpp"

namespace confer::test {

TEST(Harness, FailureOnAnyRankFailsAllRanks) {
  auto const world = Communicator::world();
  EXPECT_EQ(agreed_exit_code(world, 0), 0);
  for (int failing = 0; failing < world.size(); ++failing)
    EXPECT_EQ(agreed_exit_code(world, world.rank() == failing ? 1 : 0), 1);
}

TEST(Harness, FailureNamesRankAndPlace) {
  ::testing::TestPartResult const result(::testing::TestPartResult::kNonFatalFailure, "some_file.cpp", 12, "x is 3");
  EXPECT_EQ(describe(2, result), "rank 2: some_file.cpp:12: Failure\nx is 3\n");
}

// tests/e2e/test_harness.py runs this program with the variable set and looks at what comes out.
TEST(Harness, FailsWhereTheEnvironmentAsks) {
  char const* const rank = std::getenv("CONFER_TEST_FAILING_RANK");
  int const failing = rank == nullptr ? -1 : std::stoi(rank);
  EXPECT_NE(Communicator::world().rank(), failing);
}

}  // namespace confer::test
