/// The work of `match`: one representation, and a chain of pairs.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <vector>

#include "confer/linalg/assignment.hpp"
#include "confer/model/catalog.hpp"
#include "confer/model/config.hpp"
#include "confer/model/representation.hpp"
#include "run/match_types.hpp"
#include "run/neuron_side.hpp"

namespace confer {

/// Representations that a rank has read lately, within a budget of bytes. Unusable ones are remembered as such.
class SideCache {
 public:
  SideCache(Catalog const& catalog, std::vector<Representation> const& representations, double bytes);

  struct Entry {
    Index number = 0;
    std::shared_ptr<NeuronSide> side;  ///< null when it cannot be used
    Index status = 0;                  ///< RepresentationStatus
    std::string detail;
    std::vector<double> mean;  ///< of every neuron
  };
  Entry const& get(Index representation);

 private:
  Catalog const& catalog_;
  std::vector<Representation> const& representations_;
  double budget_;
  std::list<Entry> entries_;  ///< the latest first
};

/// Bytes that matching two layers of these widths takes beside their values.
double match_bytes(MatchOptions const& options, Index features_a, Index features_b, Index rows);

struct MatchContext {
  Catalog const& catalog;
  std::vector<Representation> const& representations;
  MatchOptions const& options;
  double memory = 0;      ///< bytes a rank may use
  bool matrices = false;  ///< keep the correlations of all pairs of neurons
};

MatchedRepresentation match_own(MatchContext const& context, SideCache& cache, Index representation);

/// `start`: duals of the pair before in the chain, replaced by this pair's.
MatchedPair match_pair(MatchContext const& context, SideCache& cache, Index a, Index b, AssignmentDuals& start,
                       std::function<void()> const& poll);

}  // namespace confer
