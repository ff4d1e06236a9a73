/// Sections as one HTML page: words, figures, tables, scripts; nothing is loaded from elsewhere.
#pragma once

#include <iosfwd>
#include <vector>

#include "report/figure.hpp"
#include "report/vega_bundle.hpp"

namespace confer::report {

/// `title` is plain text. Without a complete bundle the figures' tables stand open in their places.
void write_page(std::ostream& out, std::string const& title, std::vector<Section> const& sections,
                VegaBundle const& vega);

/// The page's own style sheet and script, and the Vega configuration of its figures (JSON).
extern char const* const page_style;
extern char const* const page_script;
extern char const* const figure_config;

/// A name for files: letters and digits of the title.
std::string file_name(std::string const& title);

}  // namespace confer::report
