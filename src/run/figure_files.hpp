/// Figures of a report as files of their own.
#pragma once

#include <string>
#include <vector>

#include "confer/report/html.hpp"

namespace confer {

/// Writes NAME.vl.json for every figure into `directory` (made if need be) and NAME.svg where node is installed and the
/// Vega bundles are built in. Returns a line that says what was written. Throws EnvironmentError.
std::string write_figures(std::string const& directory, std::vector<ReportFigure> const& figures);

}  // namespace confer
