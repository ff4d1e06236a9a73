/// The `compare` analysis: all-pairs similarity of the selected representations.
#pragma once

#include "confer/comm/communicator.hpp"
#include "confer/model/config.hpp"

namespace confer {

/// Collective. Reads, factors, compares, writes the results file on rank 0. Returns the exit code: 0, or 1 when some
/// representations or pairs could not be computed. Throws the same Error on all ranks otherwise.
int run_compare(JobConfig const& config, Communicator const& comm);

}  // namespace confer
