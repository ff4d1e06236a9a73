/// The answer of a comparison in words: what is alike, what is not, what groups there are, what weakens it.
#pragma once

#include "report/comparison.hpp"
#include "report/figure.hpp"
#include "report/ordering.hpp"

namespace confer::report {

/// Sentences, the most important first. `cluster` is the cluster of each representation by the leading measure.
std::vector<Html> comparison_answer(Comparison const& comparison, std::vector<std::size_t> const& cluster);

/// What could not be computed and what weakens the rest: refusals, statuses, warnings of representations and pairs.
std::vector<Html> comparison_warnings(Comparison const& comparison, ResultSet const& results);

/// One sentence for each refused input of any analysis (variables `refused`, `refused_reason`).
void add_refusals(std::vector<Html>& warnings, ResultSet const& results);

}  // namespace confer::report
