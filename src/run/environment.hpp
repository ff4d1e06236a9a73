/// What surrounds a job: memory of the node, ranks, BLAS kernel, time by phase.
#pragma once

#include <vector>

#include "confer/comm/communicator.hpp"
#include "confer/comm/phase_timer.hpp"
#include "confer/model/config.hpp"
#include "confer/model/result_set.hpp"

namespace confer {

/// Memory the job may use.
struct MemoryAllowance {
  double per_rank = 0;
  double per_node = 0;
  double in_use = 0;  ///< bytes of the largest rank whatever it computes
};

/// Collective. --memory-per-rank, or 80 % of what the node has divided by its ranks.
MemoryAllowance memory_allowance(Communicator const& comm, Communicator const& node, RunOptions const& run);

/// Global attributes: version, ranks, threads, BLAS, seconds and memory by phase.
void add_environment(ResultSet& results, Communicator const& comm, RunOptions const& run,
                     std::vector<PhaseSummary> const& phases);

}  // namespace confer
