/// Alignment of one representation with all targets.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "confer/io/open_files.hpp"
#include "confer/model/catalog.hpp"
#include "confer/model/config.hpp"
#include "confer/model/representation.hpp"
#include "confer/theory/alignment.hpp"
#include "run/align_targets.hpp"
#include "run/align_types.hpp"

namespace confer {

/// What was read or computed before on this rank: targets, which all layers of a checkpoint share; shuffled levels,
/// which most representations share when features are centred; and whole results of matrices that occur again, as the
/// raw inputs do in every checkpoint. Files stay open: each has a dozen layers.
class AlignCache {
 public:
  PreparedTarget target(Catalog const& catalog, Representation const& representation, std::string const& name);
  MassBand band(ShuffledTargets const& targets, Index k, double constant_mass);
  AlignedRepresentation const* find(std::string const& key) const;
  void keep(std::string const& key, AlignedRepresentation const& result);
  OpenFiles& files() { return files_; }

 private:
  OpenFiles files_;
  std::map<std::tuple<Index, Index, Index, std::string>, PreparedTarget> targets_;  ///< checkpoint, samples, name
  Index target_bytes_ = 0;
  std::map<std::tuple<Index, double, double, Index>, MassBand> bands_;
  std::deque<std::pair<std::string, AlignedRepresentation>> results_;
};

/// Reads and factors the representation and projects every target on it. What is unusable gets a status. Activations of
/// up to kept_bytes are held.
AlignedRepresentation align_one(Catalog const& catalog, Representation const& representation, JobConfig const& config,
                                AlignCache& cache, Index kept_bytes);

}  // namespace confer
