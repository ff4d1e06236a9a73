/// Pieces of pairs whose products all ranks make together, each over some of the rows.
#pragma once

#include "confer/comm/communicator.hpp"
#include "confer/io/journal.hpp"
#include "run/pair_stage.hpp"

namespace confer {

/// Collective. Computes these pieces and appends them to the journal of the rank that has finished them; `on_done` is
/// called on rank 0 for each. False when a stop was requested: what is finished stays in the journals.
bool compute_by_rows(Communicator const& comm, PairJob const& job, std::vector<Index> const& pieces,
                     std::function<bool()> const& stop_requested, Journal& journal,
                     std::function<void(Index piece)> const& on_done);

}  // namespace confer
