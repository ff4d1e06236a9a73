/// Turns the alignments of all representations into the result set that is written, and into words.
#pragma once

#include <string>
#include <vector>

#include "confer/model/catalog.hpp"
#include "confer/model/config.hpp"
#include "confer/model/representation.hpp"
#include "confer/model/result_set.hpp"
#include "run/align_types.hpp"

namespace confer {

struct AlignmentData {
  JobConfig const& config;
  Catalog const& catalog;
  std::vector<Representation> const& representations;
  std::vector<AlignedRepresentation> aligned;
};

/// Marks targets whose values differ from those that most networks have for the same inputs and samples.
void mark_differing_targets(AlignmentData& data);

/// Variables over representation, target, component and threshold.
ResultSet alignment_results(AlignmentData const& data);

/// False when anything that was asked for could not be computed.
bool alignment_is_complete(AlignmentData const& data);

/// What could not be computed or is doubtful, one line each (at most 20, then a count).
std::string alignment_failures(AlignmentData const& data);

/// A short table of what was found.
std::string alignment_summary(AlignmentData const& data, std::string const& path);

}  // namespace confer
