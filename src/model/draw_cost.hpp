/// What it costs to compare drawn samples: the factors of each draw, and its pairs.
#pragma once

#include "confer/model/cost_model.hpp"

namespace confer {

/// All draws that are still to be made.
PhaseCost draw_phase(DrawWork const& draws, JobSize const& job, MachineRates const& rates);

}  // namespace confer
