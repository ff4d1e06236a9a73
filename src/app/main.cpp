/// Starts MPI, does what the arguments ask for, and turns every error into one message and one exit code.
#include <chrono>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "app/commands.hpp"
#include "confer/comm/mpi_session.hpp"

namespace {

/// Every representation takes and frees a few matrices of many megabytes. Memory that goes back to the system each time
/// comes again as empty pages, which took a fifth of the time of a comparison.
void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
#endif
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();
  int rank = 0, size = 1;
  std::exception_ptr failure;
  try {
    confer::MpiSession const session(argc, argv);
    auto const world = confer::Communicator::world();
    rank = world.rank();
    size = world.size();
    try {
      return confer::app::run(std::vector<std::string>(argv + 1, argv + argc), world);
    } catch (...) {
      if (size > 1) throw;
      failure = std::current_exception();  // nobody waits for a single rank: MPI can end in order
    }
  } catch (...) {
    failure = std::current_exception();
  }
  auto [code, message] = confer::app::explain(failure);
  // Errors that all ranks agreed on are rank 0's to tell, and its abort ends the others while they wait here. A rank
  // that failed alone speaks for itself after that: the others may be waiting for it in a collective call.
  if (rank > 0) {
    std::this_thread::sleep_for(std::chrono::seconds(2));
    if (!message.starts_with("rank ")) message = "rank " + std::to_string(rank) + ": " + message;
  }
  confer::app::print_error(message);
  if (size == 1) return code;
  confer::MpiSession::abort(code);
}
