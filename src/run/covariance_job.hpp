/// Pairs whose measures are functions of the factors and their product, as work for the pair stage.
#pragma once

#include <functional>
#include <vector>

#include "confer/io/basis_store.hpp"
#include "confer/model/config.hpp"
#include "confer/model/pair_memory.hpp"
#include "confer/similarity/measure.hpp"
#include "run/factor_stage.hpp"
#include "run/pair_stage.hpp"

namespace confer {

/// The pieces are tiles of pairs. `groups` holds, per representation, the number of its class of mutually comparable
/// representations, or -1; `columns` the place in the table of each measure; `limits`
/// what is held of panels. `set` and `store` must outlive the result.
PairJob covariance_job(JobConfig const& config, std::vector<Index> const& rows, std::vector<Index> const& groups,
                       FactoredSet const& set, BasisStore const& store, std::vector<Measure const*> const& measures,
                       std::vector<std::size_t> columns, std::function<bool(Index row, Index col)> selected,
                       PanelLimits const& limits);

}  // namespace confer
