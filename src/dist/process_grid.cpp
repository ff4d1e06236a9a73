#include "confer/dist/process_grid.hpp"

#include "comm/handle.hpp"
#include "confer/core/error.hpp"
#include "dist/scalapack_symbols.hpp"

namespace confer {

ProcessGrid::ProcessGrid(Communicator const& comm) : ProcessGrid(comm, grid_shape(comm.size())) {}

ProcessGrid::ProcessGrid(Communicator const& comm, GridShape shape) : comm_(comm), shape_(shape) {
  if (shape.rows < 1 || shape.cols < 1 || shape.rows * shape.cols > comm.size())
    throw EnvironmentError(
        "cannot build a grid of " + std::to_string(shape.rows) + " x " + std::to_string(shape.cols) + " processes",
        "there are " + std::to_string(comm.size()) + " ranks", "start more ranks");
  system_handle_ = Csys2blacs_handle(comm.handle().comm);
  context_ = system_handle_;
  Cblacs_gridinit(&context_, "Row", shape.rows, shape.cols);
  if (!is_member()) context_ = -1;
}

ProcessGrid::~ProcessGrid() {
  int finalized = 0;
  MPI_Finalized(&finalized);
  if (finalized) return;
  if (context_ >= 0) Cblacs_gridexit(context_);
  Cfree_blacs_system_handle(system_handle_);
}

}  // namespace confer
