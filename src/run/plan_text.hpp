/// The cost of a job in words and numbers, and the lines to ask a cluster for it.
#pragma once

#include <string>

#include "confer/model/config.hpp"
#include "confer/model/cost_model.hpp"

namespace confer {

/// The whole report of `confer plan`.
std::string plan_text(JobConfig const& config, JobSize const& job, MachineRates const& rates, CostEstimate const& estimate);

/// The #SBATCH lines and the command, as a script's text.
std::string sbatch_text(JobConfig const& config, JobSize const& job, CostEstimate const& estimate);

}  // namespace confer
