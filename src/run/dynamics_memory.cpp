#include "run/dynamics_memory.hpp"

#include <algorithm>

#include "run/convergence.hpp"
#include "run/further_analyses.hpp"
#include "run/training_runs.hpp"

namespace confer {

namespace {

LayerInfo const& layer_of(Catalog const& catalog, Representation const& r) {
  return catalog.checkpoints[static_cast<std::size_t>(r.checkpoint)].layers[static_cast<std::size_t>(r.layer)];
}

void check_fits(MemoryBudget const& budget, Catalog const& catalog, JobConfig const& config) {
  for (auto const& run : find_training_runs(catalog, config))
    for (auto const& series : run.hidden)
      for (std::size_t k = 0; k < std::min(series.size(), run.output.size()); ++k)
        budget.require("to fit", series[k],
                       fit_memory(series[k], run.output[k], 2 * static_cast<Index>(pairs_at_once)));
}

}  // namespace

void check_dynamics_memory(MemoryBudget const& budget, Catalog const& catalog, JobConfig const& config) {
  DynamicsOptions const& options = config.dynamics;
  if (options.fits()) check_fits(budget, catalog, config);
  if (options.convergence)
    for (auto const& series : layer_series(catalog, select_representations(catalog, config.selection)))
      for (auto const& r : series.representations)
        budget.require("to follow", r, convergence_memory(catalog, r, config, false));
  if (options.sequences)
    for (auto const& r : select_sequences(catalog, config.selection))
      budget.require("to compare the time steps of", r, sequence_memory(r));
  if (options.census_means.empty()) return;
  Selection selection = config.selection;
  selection.layers = "*";
  for (auto const& r : select_representations(catalog, selection))
    if (layer_of(catalog, r).name == options.census_means)
      budget.require("to tell apart the units of", r, census_memory(r, !options.census_variances.empty()));
}

}  // namespace confer
