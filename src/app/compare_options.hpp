/// The options of a comparison, shared by the command that does it and the one that plans it.
#pragma once

#include "app/options.hpp"
#include "confer/model/config.hpp"

namespace confer::app {

/// --measures, --pairs, --variance, --components, --coefficients, --exact.
OptionGroup compare_options(CompareOptions& compare);

/// The pairs of options of which only one may be given.
std::vector<std::pair<std::string, std::string>> compare_exclusions();

}  // namespace confer::app
