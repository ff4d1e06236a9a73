#include "support/mpi_listener.hpp"

#include <cstdio>

namespace confer::test {

namespace {

// One write per text: the lines of several ranks share one terminal.
void print(std::string const& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

std::string full_name(::testing::TestInfo const& test) {
  return std::string(test.test_suite_name()) + "." + test.name();
}

}  // namespace

std::string describe(int rank, ::testing::TestPartResult const& result) {
  std::string const place = result.file_name() == nullptr
                                ? "unknown place"
                                : std::string(result.file_name()) + ":" + std::to_string(result.line_number());
  return "rank " + std::to_string(rank) + ": " + place + ": Failure\n" + result.message() + "\n";
}

void MpiListener::OnTestStart(::testing::TestInfo const& test) {
  if (rank_ == 0) print("[ RUN      ] " + full_name(test) + "\n");
}

void MpiListener::OnTestPartResult(::testing::TestPartResult const& result) {
  if (result.failed()) print(describe(rank_, result));
}

void MpiListener::OnTestEnd(::testing::TestInfo const& test) {
  if (test.result()->Failed())
    print("[  FAILED  ] " + full_name(test) + " on rank " + std::to_string(rank_) + "\n");
  else if (rank_ == 0)
    print("[       OK ] " + full_name(test) + "\n");
}

int agreed_exit_code(Communicator const& comm, int own) {
  double worst = own;
  comm.all_max(std::span(&worst, 1));
  return static_cast<int>(worst);
}

}  // namespace confer::test
