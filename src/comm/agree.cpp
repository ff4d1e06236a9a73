#include <cctype>
#include <new>
#include <string>

#include "comm/handle.hpp"
#include "confer/comm/communicator.hpp"
#include "confer/core/error.hpp"

namespace confer {

namespace {

Error as_error(std::exception_ptr const& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (Error const& error) {
    return error;
  } catch (std::bad_alloc const&) {
    return EnvironmentError("memory ran out", "an allocation failed",
                            "use fewer ranks per node or more nodes, or a smaller --memory-per-rank");
  } catch (std::exception const& error) {
    return EnvironmentError(error.what());
  } catch (...) {
    return EnvironmentError("an error of unknown type");
  }
}

[[noreturn]] void raise(ExitCode code, std::string const& problem, std::string const& reason,
                        std::string const& advice) {
  switch (code) {
    case ExitCode::usage:
      throw UsageError(problem, reason, advice);
    case ExitCode::input:
      throw InputError(problem, reason, advice);
    case ExitCode::environment:
      throw EnvironmentError(problem, reason, advice);
    case ExitCode::stopped:
      throw StopRequested(problem, reason, advice);
    case ExitCode::done:
    case ExitCode::partial:
      break;
  }
  throw Error(code, problem, reason, advice);
}

// An error that a smaller group has agreed on already names its rank.
bool names_a_rank(std::string const& text) {
  std::string const prefix = "rank ";
  if (text.compare(0, prefix.size(), prefix) != 0) return false;
  std::size_t end = prefix.size();
  while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end]))) ++end;
  return end > prefix.size() && text.compare(end, 2, ": ") == 0;
}

}  // namespace

void agree(Communicator const& comm, std::exception_ptr failure) {
  double first = failure ? comm.rank() : comm.size();
  comm.all_min(std::span(&first, 1));
  int const culprit = static_cast<int>(first);
  if (culprit == comm.size()) return;
  if (comm.size() == 1) std::rethrow_exception(failure);

  auto code = Index{0};
  std::string problem, reason, advice;
  if (comm.rank() == culprit) {
    Error const error = as_error(failure);
    code = static_cast<Index>(error.code());
    problem = error.problem();
    reason = error.reason();
    advice = error.advice();
    // A request to stop is nobody's fault; everything else is looked for on the rank of the whole job.
    if (error.code() != ExitCode::stopped && !names_a_rank(problem)) {
      int world_rank = 0;
      check_mpi(MPI_Comm_rank(MPI_COMM_WORLD, &world_rank), "MPI_Comm_rank");
      problem = "rank " + std::to_string(world_rank) + ": " + problem;
    }
  }
  comm.broadcast(std::span(&code, 1), culprit);
  comm.broadcast(problem, culprit);
  comm.broadcast(reason, culprit);
  comm.broadcast(advice, culprit);
  raise(static_cast<ExitCode>(code), problem, reason, advice);
}

void together(Communicator const& comm, std::function<void()> const& work) {
  std::exception_ptr failure;
  try {
    work();
  } catch (...) {
    failure = std::current_exception();
  }
  agree(comm, failure);
}

}  // namespace confer
