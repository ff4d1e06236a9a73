/// Measures that are fitted on some samples and judged on others, over all pairs of a comparison.
#pragma once

#include <functional>
#include <vector>

#include "confer/io/basis_store.hpp"
#include "confer/model/config.hpp"
#include "confer/model/pair_memory.hpp"
#include "confer/model/representation.hpp"
#include "run/factor_stage.hpp"
#include "run/pair_stage.hpp"

namespace confer {

/// Arguments as of covariance_job. Representations are paired with themselves too: what they say about samples that
/// they were not fitted on is no identity.
PairJob held_out_job(JobConfig const& config, std::vector<Representation> const& representations,
                     std::vector<Index> const& groups, FactoredSet const& set, BasisStore const& store,
                     std::vector<Measure const*> const& measures, std::vector<std::size_t> columns,
                     std::function<bool(Index row, Index col)> const& selected, PanelLimits const& limits);

}  // namespace confer
