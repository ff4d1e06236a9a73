/// The `dynamics` analysis: the two-point theory of representation learning, fitted to training runs.
#pragma once

#include "confer/comm/communicator.hpp"
#include "confer/model/config.hpp"

namespace confer {

/// Collective. Follows pairs of inputs through training at every hidden layer, fits the theory, writes the results file
/// on rank 0. Returns the exit code: 0, or 1 when some fits could not be made. Throws the same Error on all ranks.
int run_dynamics(JobConfig const& config, Communicator const& comm);

}  // namespace confer
