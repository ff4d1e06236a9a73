/// First stage of an analysis: every representation is read and factored once, and its factor put into the store.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "confer/comm/communicator.hpp"
#include "confer/io/basis_store.hpp"
#include "confer/model/catalog.hpp"
#include "confer/model/config.hpp"
#include "confer/model/factor_summary.hpp"
#include "confer/model/representation.hpp"
#include "run/factor_one.hpp"

namespace confer {

/// Keys into the store and summaries, one per representation, the same on every rank.
struct FactoredSet {
  std::vector<std::string> keys;
  std::vector<FactorSummary> summaries;
};

/// The key under which the factor of a representation is stored: everything that it depends on.
std::string factor_key(Catalog const& catalog, Representation const& representation, JobConfig const& config,
                       FactorNeeds const& needs);

/// Collective. Enters the summaries that each rank has made, by index, into `summaries` of all ranks.
void gather_summaries(Communicator const& comm, std::vector<std::pair<Index, FactorSummary>> const& made,
                      std::vector<FactorSummary>& summaries);

/// Collective. Sends every file of the store to the nodes that do not see those of the rank that made it. An empty key
/// stands for no file; `owner`: the rank that has each.
void share_between_nodes(Communicator const& comm, Communicator const& node, BasisStore const& store,
                         std::vector<std::string> const& keys, std::vector<Index> const& owner);

/// How the stage reports and when it stops.
struct FactorStageControl {
  std::function<bool()> stop_requested;
  std::function<void(double done)> progress;  ///< rank 0: representations done
};

struct FactorStageResult {
  FactoredSet set;
  bool stopped = false;
  Index reused = 0;  ///< factors that were in the store already
};

/// How each representation is going to be factored, the same on every rank. Throws UsageError naming --memory-per-rank
/// and what is needed when `allowed` bytes of a rank are too few for one of them.
std::vector<FactorMethod> factor_methods(Catalog const& catalog, std::vector<Representation> const& representations,
                                         JobConfig const& config, FactorNeeds const& needs, Index ranks, double allowed);

/// Collective. Factors all representations, each once: those that are too large for a rank by groups of ranks, the
/// others on the rank that is free. Nodes that do not see each other's stores exchange the factors. Unusable
/// representations get a status; environment errors are thrown on all ranks.
FactorStageResult factor_all(Communicator const& comm, Communicator const& node, Catalog const& catalog,
                             std::vector<Representation> const& representations, JobConfig const& config,
                             FactorNeeds const& needs, std::vector<FactorMethod> const& methods, BasisStore const& store,
                             bool visible_everywhere, FactorStageControl const& control);

}  // namespace confer
