/// `confer report`: results files as one page.
#pragma once

#include "confer/comm/communicator.hpp"
#include "confer/model/config.hpp"

namespace confer {

/// Collective. Rank 0 reads the results files named in `config.selection.data` and writes the page to
/// `config.run.output`. Returns the exit code. Throws InputError for files that are not results, EnvironmentError when
/// the page cannot be written.
int run_report(JobConfig const& config, Communicator const& comm);

}  // namespace confer
