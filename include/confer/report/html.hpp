/// Results as one self-contained page: words first, then interactive figures (Vega-Lite), then tables.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "confer/model/result_set.hpp"

namespace confer {

/// One results file and where it was read from.
struct ReportInput {
  std::string path;
  ResultSet results;
};

/// Writes an HTML page that needs nothing but itself. All names in the results are data: they are escaped and cannot
/// add markup or script. When confer was built without the Vega bundles the page says so and shows tables instead of
/// figures. Throws InputError naming the file when a result set is not from compare, align or dynamics.
void write_html_report(std::ostream& out, std::vector<ReportInput> const& inputs);

/// Whether figures can be drawn, i.e. whether the Vega bundles were there when confer was built.
bool report_has_figures();

}  // namespace confer
