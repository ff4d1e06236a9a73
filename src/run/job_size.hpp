/// A job as the cost model sees it, from headers or from sizes alone.
#pragma once

#include <vector>

#include "confer/model/catalog.hpp"
#include "confer/model/config.hpp"
#include "confer/model/cost_model.hpp"
#include "confer/model/factor_summary.hpp"
#include "confer/model/representation.hpp"
#include "confer/similarity/measure.hpp"

namespace confer {

/// The job on data. Without `summaries` (empty) every representation is taken to have as many directions as it can, or
/// config.plan.rank; with them it has those that were found. Ranks and nodes remain to be set.
JobSize job_size(JobConfig const& config, Catalog const& catalog, std::vector<Representation> const& representations,
                 std::vector<FactorSummary> const& summaries, std::vector<Measure const*> const& measures);

/// config.plan.representations of one size, each in a single-precision file of its own.
JobSize job_size(JobConfig const& config, std::vector<Measure const*> const& measures);

/// What the stages after the factors may hold within `allowed` bytes of a rank, of which the first one needs some for
/// the values of all pairs. Throws UsageError, on every rank, naming --memory-per-rank and what is needed when they are
/// too few for a rank, or for the first one.
PanelLimits panel_limits(JobSize const& job, double allowed, bool first_rank);

/// The number of directions that decides the cost of block spectra: the mean, weighted by itself.
Index typical_kept(JobSize const& job);

}  // namespace confer
