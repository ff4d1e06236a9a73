/// The `align` analysis: how much of the targets lies along the top singular vectors of each representation.
#pragma once

#include "confer/comm/communicator.hpp"
#include "confer/model/config.hpp"

namespace confer {

/// Collective. Factors every representation, projects the targets on it, writes the results file on rank 0. Returns the
/// exit code: 0, or 1 when some representations or targets could not be used. Throws the same Error on all ranks.
int run_align(JobConfig const& config, Communicator const& comm);

}  // namespace confer
