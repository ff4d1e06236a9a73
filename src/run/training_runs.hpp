/// Finds training runs in a catalog: networks with several steps, their hidden layers, output, targets and pairs.
#pragma once

#include <vector>

#include "confer/model/catalog.hpp"
#include "confer/model/config.hpp"
#include "run/dynamics_types.hpp"

namespace confer {

/// The runs that the selection picks, in catalog order. A run that cannot be used says why in `problem`. Throws
/// UsageError when the selection, the output layer, the target or a pair fits no network at all.
std::vector<TrainingRun> find_training_runs(Catalog const& catalog, JobConfig const& config);

/// Pairs of `inputs` inputs: those asked for, all when there are at most 300, or a sample drawn with the seed.
/// Throws UsageError for a pair outside the inputs.
std::vector<std::pair<Index, Index>> choose_pairs(DynamicsOptions const& options, Index inputs);

}  // namespace confer
