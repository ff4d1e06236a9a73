/// The MPI handle behind a Communicator and the one check of MPI's return codes. Private to comm/ and dist/.
#pragma once

#include <mpi.h>

#include "confer/comm/communicator.hpp"

namespace confer {

/// Throws EnvironmentError with MPI's text unless `code` is MPI_SUCCESS.
void check_mpi(int code, char const* call);

/// Owns an MPI_Comm unless it is borrowed (MPI_COMM_WORLD).
struct Communicator::Handle {
  MPI_Comm comm;
  bool owned;

  Handle(MPI_Comm communicator, bool owns) : comm(communicator), owned(owns) {}
  ~Handle();
  Handle(Handle const&) = delete;
  Handle& operator=(Handle const&) = delete;
};

}  // namespace confer
