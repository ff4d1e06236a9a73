/// Where the factors of a job lie: in the shared memory of each node, or in a directory on disk.
#pragma once

#include <string>

#include "confer/comm/communicator.hpp"
#include "confer/model/config.hpp"

namespace confer {

/// The directory of the basis store on this node. A directory in shared memory is locked while it is in use, removed at
/// the end by the node's first rank, and cleared away by the next job when a killed one left it behind.
class StoreDirectory {
 public:
  /// Collective. `bytes`: what the factors may take at the most. Chosen: --scratch; else what an earlier unfinished
  /// run left beside the output; else shared memory where `bytes` fit there and `allowed_per_node`; else beside the output.
  StoreDirectory(Communicator const& comm, Communicator const& node, RunOptions const& run, double bytes,
                 double allowed_per_node);
  ~StoreDirectory();
  StoreDirectory(StoreDirectory const&) = delete;
  StoreDirectory& operator=(StoreDirectory const&) = delete;

  std::string const& path() const { return path_; }
  bool in_memory() const { return in_memory_; }
  /// False when nodes do not see each other's files, so that factors have to be sent to them.
  bool visible_everywhere() const { return visible_everywhere_; }

  /// The node's first rank: keeps a store in memory by copying it beside the output, for the run that goes on.
  void save_beside_output() const;
  /// The node's first rank: removes what is not asked to be kept. Called after results are written.
  void discard() const;

 private:
  std::string path_, beside_output_;
  bool in_memory_ = false, kept_ = false, leader_ = false, visible_everywhere_ = true;
  int lock_ = -1;
};

}  // namespace confer
