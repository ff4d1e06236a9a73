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

/// One figure by itself: a complete Vega-Lite specification, data included, as JSON text.
struct ReportFigure {
  std::string name;  ///< distinct; lower-case letters, digits, '-' and '_': fit for a file name
  std::string specification;
};

/// The figures of the page that write_html_report makes of the same inputs, in its order. Throws as it does.
std::vector<ReportFigure> report_figures(std::vector<ReportInput> const& inputs);

/// A program for node (CommonJS) that writes an SVG beside every specification named in its arguments,
/// "x.vl.json" -> "x.svg"; empty when confer was built without the Vega bundles.
std::string figure_program();

/// Whether figures can be drawn, i.e. whether the Vega bundles were there when confer was built.
bool report_has_figures();

}  // namespace confer
