#include "confer/comm/mpi_session.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>
#include <utility>
#include <vector>

#include "comm/handle.hpp"

namespace confer {

namespace {

/// Whether this variable of the environment holds this text.
bool holds(char const* variable, std::string_view text) {
  auto const* value = std::getenv(variable);
  return value != nullptr && value == text;
}

/// Tells Open MPI what it would otherwise spend most of a small job's time to find out. What the user has set stays as
/// it is, and programs that this one starts do not see it.
class QuickStart {
 public:
  QuickStart() {
    bool const lone = alone();
    if (lone) {
      // Nobody to talk to: no daemon, no networks, no study of the machine (hwloc) to share it among ranks.
      for (auto const& [name, value] : {std::pair{"OMPI_MCA_ess_singleton_isolated", "1"},
                                        std::pair{"OMPI_MCA_btl", "self"}, std::pair{"HWLOC_SYNTHETIC", "pu:1"}})
        set(name, value);
    }
    // Ranks of one node talk through its memory: looking for fast networks takes .2 s and finds nothing to use.
    if (lone || on_one_node()) set("OMPI_MCA_pml", "^ucx,cm");
  }
  ~QuickStart() {
    for (auto const* name : set_) unsetenv(name);
  }
  QuickStart(QuickStart const&) = delete;
  QuickStart& operator=(QuickStart const&) = delete;

 private:
  void set(char const* name, char const* value) {
    if (std::getenv(name) == nullptr && setenv(name, value, 0) == 0) set_.emplace_back(name);
  }
  /// No launcher started this process.
  static bool alone() {
    return std::ranges::none_of(std::array{"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_FD", "PMI_SIZE"},
                                [](char const* launched) { return std::getenv(launched) != nullptr; });
  }
  /// All ranks must come to the same answer, so only what a launcher says of the whole job counts.
  static bool on_one_node() {
    if (auto const* all = std::getenv("OMPI_COMM_WORLD_SIZE")) return holds("OMPI_COMM_WORLD_LOCAL_SIZE", all);
    return holds("SLURM_STEP_NUM_NODES", "1");
  }

  std::vector<char const*> set_;
};

/// The end of MPI is told to the launcher in several short messages, the second of which would wait 40 ms for the
/// delayed acknowledgement of the first (Nagle's algorithm): connections are to send at once. Other files refuse,
/// unharmed.
void send_at_once() {
  constexpr int first_file = 3, most_files = 256;  // the launcher's connection is among the first
  int const yes = 1;
  for (int file = first_file; file < most_files; ++file) setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

}  // namespace

MpiSession::MpiSession(int& argc, char**& argv) : exceptions_at_start_(std::uncaught_exceptions()) {
  QuickStart const quick_start;
  int provided = 0;
  check_mpi(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  check_mpi(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
}

MpiSession::~MpiSession() {
  if (std::uncaught_exceptions() > exceptions_at_start_) return;
  int finalized = 0;
  MPI_Finalized(&finalized);
  if (finalized) return;
  send_at_once();
  MPI_Finalize();
}

void MpiSession::abort(int code) {
  std::fflush(nullptr);
  int initialized = 0, finalized = 0;
  MPI_Initialized(&initialized);
  MPI_Finalized(&finalized);
  if (initialized && !finalized) MPI_Abort(MPI_COMM_WORLD, code);
  std::_Exit(code);
}

}  // namespace confer
