/// Turns the fits of all runs into the result set that is written, and into words.
#pragma once

#include <string>
#include <vector>

#include "confer/model/catalog.hpp"
#include "confer/model/config.hpp"
#include "confer/model/result_set.hpp"
#include "run/dynamics_types.hpp"

namespace confer {

/// One row of the results: which run and layer, and the fit.
struct FitRow {
  std::size_t run = 0, layer = 0;
  FittedPair fit;
};

struct DynamicsData {
  JobConfig const& config;
  Catalog const& catalog;
  std::vector<TrainingRun> const& runs;
  std::vector<FitRow> rows;  ///< ordered by run, layer, pair
};

/// Appends variables over fit and step, and how far theory and measurement agree on all distances of a layer.
void add_dynamics(ResultSet& results, DynamicsData const& data);

/// Appends what the results are, the job and the input files.
void add_description(ResultSet& results, JobConfig const& config, Catalog const& catalog);

/// False when any fit that was asked for could not be made.
bool dynamics_is_complete(DynamicsData const& data);

/// What could not be fitted or is doubtful, one line each (at most 20, then a count).
std::string dynamics_failures(DynamicsData const& data);

/// A short table: where the theory applies.
std::string dynamics_summary(DynamicsData const& data);

}  // namespace confer
