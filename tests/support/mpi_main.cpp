// main() of every program under tests/mpi: a failure on any rank is shown with its rank and fails the program.
#include <gtest/gtest.h>

#include <cstdio>
#include <exception>

#include "confer/comm/communicator.hpp"
#include "confer/comm/mpi_session.hpp"
#include "support/mpi_listener.hpp"

int main(int argc, char** argv) {
  try {
    confer::MpiSession session(argc, argv);
    ::testing::InitGoogleTest(&argc, argv);
    auto const world = confer::Communicator::world();
    auto& listeners = ::testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new confer::test::MpiListener(world.rank()));

    int code = RUN_ALL_TESTS();
    if (::testing::UnitTest::GetInstance()->test_to_run_count() == 0 && !::testing::GTEST_FLAG(list_tests)) {
      std::fputs("no test was run\n", stderr);
      code = 1;
    }
    return confer::test::agreed_exit_code(world, code);
  } catch (std::exception const& error) {
    std::fprintf(stderr, "%s\n", error.what());
    confer::MpiSession::abort(1);
  }
}
