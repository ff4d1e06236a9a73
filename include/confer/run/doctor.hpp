/// `confer doctor`: what this job would run on, what is wrong with it, and the cure.
#pragma once

#include <string>
#include <vector>

#include "confer/comm/communicator.hpp"
#include "confer/model/config.hpp"

namespace confer {

enum class Health { ok, warning, problem };

/// One line of the report.
struct Finding {
  Health health = Health::ok;
  std::string topic;  ///< "MPI", "BLAS", ...
  std::string text;
  std::string cure;  ///< what to do; empty when all is well
};

/// Collective. Looks at MPI, cores, BLAS, ScaLAPACK, HDF5, memory and disk the way a job with config.run would use
/// them. The findings are on rank 0; empty elsewhere.
std::vector<Finding> examine(JobConfig const& config, Communicator const& comm);

/// One line per finding, its cure in a line below.
std::string doctor_report(std::vector<Finding> const& findings);

/// Collective. Rank 0 prints the report on standard output. Returns the exit code: 0, or 4 when something is broken;
/// warnings alone do not fail.
int run_doctor(JobConfig const& config, Communicator const& comm);

}  // namespace confer
