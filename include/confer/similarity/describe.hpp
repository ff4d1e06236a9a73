/// The table of measures in words, for the terminal and for the README.
#pragma once

#include <string>
#include <vector>

#include "confer/similarity/measure.hpp"

namespace confer {

/// "shift, scale, rotation": what leaves a measure unchanged, without what the stronger ones imply; "nothing" for none.
std::string invariance_text(unsigned invariances);

/// "[0, 1]", "[0, pi/2]", "[0, inf)".
std::string range_text(Measure const& measure);

/// Plain text, at most 120 columns wide: one line of properties per measure, below it name, formula and reference.
std::string measures_table(std::vector<Measure const*> const& measures);

/// All measures as a Markdown table.
std::string measures_markdown();

}  // namespace confer
