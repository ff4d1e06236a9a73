/// Which MPI runs this job, and how it waits.
#pragma once

#include <optional>
#include <string>

namespace confer {

struct MpiInfo {
  std::string library;                   ///< first line of the library's own description
  std::string standard;                  ///< "3.1"
  std::string thread_level;              ///< "MPI_THREAD_FUNNELED"
  bool threads_allowed = false;          ///< threads beside the one that calls MPI (FUNNELED or better)
  std::optional<bool> yields_when_idle;  ///< Open MPI: waiting ranks give their core away; empty: not known
};

/// Needs a living MpiSession.
MpiInfo mpi_info();

}  // namespace confer
