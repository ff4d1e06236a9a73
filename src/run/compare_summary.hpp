/// A comparison in words: what was found, what could not be computed, what to type next.
#pragma once

#include <string>
#include <vector>

#include "run/compare_results.hpp"

namespace confer {

/// False when any representation was refused or failed, or any selected pair has no value.
bool comparison_is_complete(Catalog const& catalog, FactoredSet const& set, PairStatusRows::Counts const& pairs);

/// What could not be computed and why, a line each (at most 20, then a count); empty when all is well.
std::string failures_text(Catalog const& catalog, std::vector<Representation> const& representations,
                          FactoredSet const& set, PairStatusRows::Counts const& pairs);

/// A short table of what was found and the next command to type.
std::string summary_text(ResultSet const& results, std::string const& path);

}  // namespace confer
