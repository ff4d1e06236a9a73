/// `confer match`: which neurons of different networks are the same?
#pragma once

#include "confer/comm/communicator.hpp"
#include "confer/model/config.hpp"

namespace confer {

/// Collective. Returns the exit code; throws Error.
int run_match(JobConfig const& config, Communicator const& comm);

}  // namespace confer
