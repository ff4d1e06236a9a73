/// The two-dimensional grid of ranks that ScaLAPACK works on.
#pragma once

#include <memory>

#include "confer/comm/communicator.hpp"
#include "confer/dist/block_cyclic.hpp"

namespace confer {

/// A BLACS grid over the first shape().rows x shape().cols ranks of a communicator, row by row; the few ranks that are
/// left over have no place in it and own nothing. Must die before the MpiSession: freed later, MPI aborts the job.
class ProcessGrid {
 public:
  /// Collective. Without a shape: grid_shape(comm.size()). Throws EnvironmentError if the shape needs more ranks.
  explicit ProcessGrid(Communicator const& comm);
  ProcessGrid(Communicator const& comm, GridShape shape);
  /// Collective.
  ~ProcessGrid();
  ProcessGrid(ProcessGrid const&) = delete;
  ProcessGrid& operator=(ProcessGrid const&) = delete;

  Communicator const& comm() const { return comm_; }
  GridShape shape() const { return shape_; }
  bool is_member() const { return comm_.rank() < shape_.rows * shape_.cols; }
  int row() const { return comm_.rank() / shape_.cols; }  ///< of this rank; only for members
  int col() const { return comm_.rank() % shape_.cols; }
  int context() const { return context_; }  ///< BLACS context, -1 for ranks that are not members

 private:
  Communicator comm_;
  GridShape shape_;
  int system_handle_ = -1;
  int context_ = -1;
};

}  // namespace confer
