/// GoogleTest output of an MPI program: rank 0 tells which tests run, every rank tells its own failures.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "confer/comm/communicator.hpp"

namespace confer::test {

/// "rank 2: file.cpp:12: Failure" and what was expected, as one text.
std::string describe(int rank, ::testing::TestPartResult const& result);

class MpiListener : public ::testing::EmptyTestEventListener {
 public:
  explicit MpiListener(int rank) : rank_(rank) {}

 private:
  void OnTestStart(::testing::TestInfo const& test) override;
  void OnTestPartResult(::testing::TestPartResult const& result) override;
  void OnTestEnd(::testing::TestInfo const& test) override;

  int rank_;
};

/// Collective. 0 if all ranks passed, else the largest exit code of any rank.
int agreed_exit_code(Communicator const& comm, int own);

}  // namespace confer::test
