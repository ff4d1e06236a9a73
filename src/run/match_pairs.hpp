/// Which pairs `match` takes, and in which order.
#pragma once

#include <utility>
#include <vector>

#include "confer/model/catalog.hpp"
#include "confer/model/config.hpp"
#include "confer/model/representation.hpp"

namespace confer {

/// Pairs of neighbouring checkpoints, which start each other's matching: computed by one rank, one after the other.
/// They do not depend on the number of ranks.
struct MatchChain {
  std::vector<std::pair<Index, Index>> pairs;  ///< indices of representations, the first one smaller
};

/// Throws UsageError when there is no such pair.
std::vector<MatchChain> match_chains(Catalog const& catalog, std::vector<Representation> const& representations,
                                     MatchOptions const& options);

}  // namespace confer
