/// Options that several commands share, bound to the fields of a job.
#pragma once

#include "app/options.hpp"
#include "confer/model/config.hpp"

namespace confer::app {

/// DATA... into `selection.data`.
Positional data_positional(Selection& selection);

/// --networks, --layers, --steps, --samples, --conv, --sequence. The default of --conv is what the selection holds.
OptionGroup input_options(Selection& selection);

/// --rank-tolerance, --svd.
OptionGroup method_options(JobConfig& config);

/// --output, --fresh, --strict, --progress, --quiet, --verbose. `output_help` says what goes into the file.
OptionGroup output_options(RunOptions& run, std::string output_help);

/// --threads, --memory-per-rank, --scratch, --time-limit.
OptionGroup resource_options(RunOptions& run);

/// Throws UsageError when --output is missing.
void require_output(Syntax const& syntax, RunOptions const& run, std::string const& example = "results.h5");

}  // namespace confer::app
