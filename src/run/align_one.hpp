/// Alignment of one representation with all targets.
#pragma once

#include <map>
#include <tuple>

#include "confer/model/catalog.hpp"
#include "confer/model/config.hpp"
#include "confer/model/representation.hpp"
#include "confer/theory/alignment.hpp"
#include "run/align_types.hpp"

namespace confer {

/// Shuffled levels computed before: with centred features they depend on few numbers, which most representations share.
class BandCache {
 public:
  MassBand band(ShuffledTargets const& targets, Index k, double constant_mass);

 private:
  std::map<std::tuple<Index, double, double, Index>, MassBand> bands_;
};

/// Reads and factors the representation and projects every target on it. What is unusable gets a status.
AlignedRepresentation align_one(Catalog const& catalog, Representation const& representation, JobConfig const& config,
                                BandCache& cache);

}  // namespace confer
