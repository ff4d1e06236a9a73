#include "confer/comm/mpi_session.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>
#include <vector>

#include "comm/handle.hpp"

namespace confer {

namespace {

/// A process that no launcher started has nobody to talk to. Open MPI would start a daemon for it all the same and look
/// for networks: a third of a second, most of what a small job takes. It would also study the machine (hwloc), to share
/// it among the ranks: a fifth of the rest. What the user has set stays as it is.
class LoneProcess {
 public:
  LoneProcess() {
    for (auto const* launched : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_FD", "PMI_SIZE"})
      if (std::getenv(launched) != nullptr) return;
    for (auto const& [name, value] : {std::pair{"OMPI_MCA_ess_singleton_isolated", "1"},
                                      std::pair{"OMPI_MCA_pml", "ob1"}, std::pair{"OMPI_MCA_btl", "self"},
                                      std::pair{"HWLOC_SYNTHETIC", "pu:1"}})
      if (std::getenv(name) == nullptr && setenv(name, value, 0) == 0) set_.emplace_back(name);
  }
  ~LoneProcess() {
    for (auto const* name : set_) unsetenv(name);  // for programs that this one starts
  }
  LoneProcess(LoneProcess const&) = delete;
  LoneProcess& operator=(LoneProcess const&) = delete;

 private:
  std::vector<char const*> set_;
};

}  // namespace

MpiSession::MpiSession(int& argc, char**& argv) : exceptions_at_start_(std::uncaught_exceptions()) {
  LoneProcess const lone;
  int provided = 0;
  check_mpi(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  check_mpi(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
}

MpiSession::~MpiSession() {
  if (std::uncaught_exceptions() > exceptions_at_start_) return;
  int finalized = 0;
  MPI_Finalized(&finalized);
  if (!finalized) MPI_Finalize();
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
