/// The command to type after an analysis.
#pragma once

#include <string>

namespace confer {

/// A line that ends a summary: how to look at the results file `path`, fit for a POSIX shell.
std::string next_command(std::string const& path);

}  // namespace confer
