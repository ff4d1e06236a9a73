/// The phases of a finished job as a table for its log: where the time went, and how that compares with the plan.
#pragma once

#include <string>

#include "confer/comm/phase_timer.hpp"
#include "confer/model/result_set.hpp"

namespace confer {

/// One line a phase: wall time, predicted time, arithmetic rate, memory high water, share of the limit. Columns that the
/// results know nothing of are left out. `timer` (of rank 0) knows the last phase, which the results cannot hold in full.
std::string phases_text(ResultSet const& results, PhaseTimer const& timer);

}  // namespace confer
