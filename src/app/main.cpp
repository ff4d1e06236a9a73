/// Starts MPI, does what the arguments ask for, and turns every error into one message and one exit code.
#include <chrono>
#include <exception>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "app/commands.hpp"
#include "confer/comm/mpi_session.hpp"
#include "confer/core/error.hpp"

int main(int argc, char** argv) {
  int rank = 0;
  std::string message;
  auto code = confer::ExitCode::environment;
  try {
    confer::MpiSession const session(argc, argv);
    auto const world = confer::Communicator::world();
    rank = world.rank();
    return confer::app::run(std::vector<std::string>(argv + 1, argv + argc), world);
  } catch (confer::Error const& error) {
    code = error.code();
    message = error.what();
  } catch (std::bad_alloc const&) {
    message = "memory ran out (an allocation failed); use fewer ranks per node, or a smaller --memory-per-rank";
  } catch (std::exception const& error) {
    message = error.what();
  }
  // Errors that all ranks agreed on are rank 0's to tell, and its abort ends the others while they wait here. A rank
  // that failed alone speaks for itself after that: the others may be waiting for it in a collective call.
  if (rank > 0) {
    std::this_thread::sleep_for(std::chrono::seconds(2));
    if (!message.starts_with("rank ")) message = "rank " + std::to_string(rank) + ": " + message;
  }
  confer::app::print_error(message);
  confer::MpiSession::abort(static_cast<int>(code));
}
