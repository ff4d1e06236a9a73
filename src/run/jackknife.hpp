/// What the jackknife computes without a block of samples that is not made of factors: measures of kernels and of
/// neighbours.
#pragma once

#include <vector>

#include "run/kernel_stage.hpp"
#include "run/neighbour_job.hpp"
#include "run/resampling_stage.hpp"

namespace confer {

/// What it goes by; what it refers to must outlive the parts.
struct JackknifeSource {
  Communicator const& comm;
  JobConfig const& config;
  std::vector<Representation> const& representations;
  RowStore const& rows;
  std::vector<KernelSums> const& kernel_totals;  ///< rank 0: over all samples
};

/// The measures of kernels; `job.columns` and `task.columns` are places in the table of a draw.
DrawPart kernels_without_block(JackknifeSource const& source, KernelJob const& job);
DrawPart neighbours_without_block(JackknifeSource const& source, NeighbourTask const& task);

}  // namespace confer
