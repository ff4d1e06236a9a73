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

/// One for kernels and one for neighbours, where a measure asks for them. job, task: those of the comparison. columns:
/// places in its table of the measures in the table of a draw.
std::vector<DrawPart> parts_without_block(JackknifeSource const& source, KernelJob job, NeighbourTask task,
                                          std::vector<std::size_t> const& columns);

}  // namespace confer
