/// Prediction beside measurement: what the cost model says of a job that has run.
#pragma once

#include <vector>

#include "confer/comm/phase_timer.hpp"
#include "confer/model/cost_model.hpp"
#include "confer/model/result_set.hpp"
#include "run/factor_stage.hpp"
#include "run/pair_stage.hpp"

namespace confer {

/// Collective. Enters the ranks, the nodes, and the share of the work that earlier runs had not left done.
void note_what_ran(JobSize& job, Communicator const& comm, Communicator const& node, FactorStageResult const& factors,
                   PairStageReport const& pairs);

/// Adds, along the dimension `phase`, predicted seconds, the seconds of the limiting resource alone, its name,
/// the arithmetic, and the share of that limit that was reached (NaN where nothing is predicted, the phase took no time, or it is the last,
/// which is still under way when results are written).
void add_prediction(ResultSet& results, JobSize const& job, MachineRates const& rates,
                    std::vector<PhaseSummary> const& phases);

}  // namespace confer
