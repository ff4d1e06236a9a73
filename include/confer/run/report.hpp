/// `confer report`: results files as one page.
#pragma once

#include <string>

#include "confer/comm/communicator.hpp"
#include "confer/model/config.hpp"

namespace confer {

/// Collective. Rank 0 reads the results files named in `config.selection.data` and writes the page to
/// `config.run.output`; with a directory for figures also every figure, as a Vega-Lite specification and, where the
/// program node is installed, as SVG. Returns the exit code. Throws InputError for files that are not results,
/// EnvironmentError when something cannot be written.
int run_report(JobConfig const& config, std::string const& figures, Communicator const& comm);

}  // namespace confer
