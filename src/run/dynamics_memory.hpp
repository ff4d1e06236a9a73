/// Whether the analyses of `dynamics` fit the memory of a rank.
#pragma once

#include "run/analysis_memory.hpp"

namespace confer {

/// Pairs of inputs of one run at one layer that a rank takes at a time.
inline constexpr std::size_t pairs_at_once = 16;

/// Throws UsageError, before work begins, for the first layer that one of the chosen analyses has too little memory
/// for. Comparisons of groups look after themselves.
void check_dynamics_memory(MemoryBudget const& budget, Catalog const& catalog, JobConfig const& config);

}  // namespace confer
