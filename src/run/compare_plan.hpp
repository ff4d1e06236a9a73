/// What a comparison is going to do, decided before it does it: needs, sizes, pairs, tiles.
#pragma once

#include <string>
#include <vector>

#include "confer/similarity/measure.hpp"
#include "run/factor_stage.hpp"
#include "run/pair_stage.hpp"

namespace confer {

/// What the chosen measures want from the factors.
FactorNeeds factor_needs(std::vector<Measure const*> const& measures, CompareOptions const& options);

/// Upper bound of the bytes that all factors take.
double store_bytes(std::vector<Representation> const& representations, FactorNeeds const& needs, bool exact);

/// Why pairs are not computed, as far as it is known before computing; row-major R x R.
std::vector<PairStatus> pair_status_before(Catalog const& catalog, std::vector<Representation> const& representations,
                                           FactoredSet const& set, PairSelection const& selection);

/// The tiles and everything they need. `status` must outlive the result.
PairStageInput pair_stage_input(JobConfig const& config, Catalog const& catalog,
                                std::vector<Representation> const& representations, FactoredSet const& set,
                                std::vector<Measure const*> const& measures, std::vector<PairStatus> const& status,
                                std::string journal_directory);

}  // namespace confer
