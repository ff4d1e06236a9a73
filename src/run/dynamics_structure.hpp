/// Distances of all inputs at a layer: do the measured ones follow the predicted ones?
#pragma once

#include <vector>

#include "run/dynamics_results.hpp"

namespace confer {

/// The steps of all runs, each once, ascending; and where the steps of one run stand among them.
std::vector<Index> all_steps(std::vector<TrainingRun> const& runs);
std::vector<std::size_t> places_in(std::vector<Index> const& all, std::vector<Index> const& steps);

/// Appends, for each run and layer with three pairs or more, correlations over pairs of measured and predicted
/// distances by step (dimension `step`, which must be there), and where all pairs of its inputs were followed the
/// matrices of both at some moments of training.
void add_structure(ResultSet& results, DynamicsData const& data);

}  // namespace confer
