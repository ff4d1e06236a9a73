/// Prediction beside measurement: what the cost model says of a job that has run.
#pragma once

#include <vector>

#include "confer/comm/phase_timer.hpp"
#include "confer/model/cost_model.hpp"
#include "confer/model/result_set.hpp"

namespace confer {

/// Adds, along the dimension `phase`, predicted seconds, the seconds of the limiting resource alone, its name, and the
/// share of that limit that was reached (NaN where nothing is predicted or the phase took no time).
void add_prediction(ResultSet& results, JobSize const& job, MachineRates const& rates,
                    std::vector<PhaseSummary> const& phases);

}  // namespace confer
