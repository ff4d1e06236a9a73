/// Follows pairs of inputs through a training run at one layer and fits the theory to each.
#pragma once

#include <vector>

#include "confer/dist/hand_out.hpp"
#include "confer/model/catalog.hpp"
#include "confer/model/config.hpp"
#include "run/dynamics_types.hpp"

namespace confer {

/// Fits pairs [first, first + count) of the run at one of its hidden layers. What cannot be fitted gets a status.
std::vector<FittedPair> fit_pairs(Catalog const& catalog, TrainingRun const& run, std::size_t layer, std::size_t first,
                                  std::size_t count, DynamicsOptions const& options, Poll const& poll);

}  // namespace confer
