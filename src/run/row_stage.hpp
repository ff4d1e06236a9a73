/// Between factors and pairs: every representation's rows are read once more and prepared for the measures that look at
/// samples.
#pragma once

#include <string>
#include <vector>

#include "confer/comm/communicator.hpp"
#include "confer/io/basis_store.hpp"
#include "confer/model/catalog.hpp"
#include "confer/model/config.hpp"
#include "confer/model/representation.hpp"
#include "run/factor_stage.hpp"
#include "run/row_records.hpp"

namespace confer {

/// What the stage works on; references outlive it.
struct RowTask {
  Catalog const& catalog;
  std::vector<Representation> const& representations;
  JobConfig const& config;
  RowNeeds const& rows;
  FactoredSet const& factors;  ///< with whole bases where wide representations are wanted `centred`
  BasisStore const& store;
};

struct RowStageResult {
  std::vector<std::string> keys;  ///< of the records of each representation, the same on every rank
  bool stopped = false;
};

/// Collective. Prepares the rows of all usable representations, each on the rank that is free, unless the store holds
/// them; nodes that do not see each other's files exchange them.
RowStageResult prepare_all_rows(Communicator const& comm, Communicator const& node, RowTask const& task,
                                bool visible_everywhere, FactorStageControl const& control);

}  // namespace confer
