/// Turns what `match` found into the result set that is written, and into words.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "confer/model/catalog.hpp"
#include "confer/model/config.hpp"
#include "confer/model/representation.hpp"
#include "confer/model/result_set.hpp"
#include "run/match_types.hpp"

namespace confer {

struct MatchData {
  JobConfig const& config;
  Catalog const& catalog;
  std::vector<Representation> const& representations;
  std::vector<MatchedRepresentation> own;      ///< of each representation
  std::vector<std::pair<Index, Index>> pairs;  ///< indices of representations
  std::vector<MatchedPair> matched;            ///< of each pair
};

/// Variables over representation, pair, direction, neuron, penalty, map.
ResultSet match_results(MatchData const& data);

/// False when anything that was asked for could not be computed.
bool match_is_complete(MatchData const& data);

/// What could not be computed, one line each (at most 20, then a count).
std::string match_failures(MatchData const& data);

/// A short table of what was found.
std::string match_summary(MatchData const& data, std::string const& path);

}  // namespace confer
