/// What a job would cost.
#pragma once

#include "confer/comm/communicator.hpp"
#include "confer/model/config.hpp"

namespace confer {

/// Collective. Prints the cost of the comparison that `config` describes on rank 0. Returns the exit code.
int run_plan(JobConfig const& config, Communicator const& comm);

}  // namespace confer
