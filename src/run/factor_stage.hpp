/// First stage of an analysis: every representation is read and factored once, and its factor put into the store.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "confer/comm/communicator.hpp"
#include "confer/io/basis_store.hpp"
#include "confer/model/catalog.hpp"
#include "confer/model/config.hpp"
#include "confer/model/factor_summary.hpp"
#include "confer/model/representation.hpp"
#include "run/row_records.hpp"

namespace confer {

/// What later stages want from the factors.
struct FactorNeeds {
  bool basis = true;
  bool loadings = false;
  bool truncated = false;  ///< only the leading components are ever used
  RowNeeds rows;           ///< prepared rows, put beside the factor
};

/// Keys into the store and summaries, one per representation, the same on every rank.
struct FactoredSet {
  std::vector<std::string> keys;
  std::vector<FactorSummary> summaries;
};

/// The key under which the factor of a representation is stored: everything that it depends on.
std::string factor_key(Catalog const& catalog, Representation const& representation, JobConfig const& config,
                       FactorNeeds const& needs);

/// Reads and factors one representation and puts it into the store. Bad values and unreadable files become a status.
FactorSummary factor_one(Catalog const& catalog, Representation const& representation, JobConfig const& config,
                         FactorNeeds const& needs, BasisStore const& store, std::string const& key);

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

/// Collective. Factors all representations, each once, on the rank that is free; nodes that do not see each other's
/// stores exchange the factors. Unusable representations get a status; environment errors are thrown on all ranks.
FactorStageResult factor_all(Communicator const& comm, Communicator const& node, Catalog const& catalog,
                             std::vector<Representation> const& representations, JobConfig const& config,
                             FactorNeeds const& needs, BasisStore const& store, bool visible_everywhere,
                             FactorStageControl const& control);

}  // namespace confer
