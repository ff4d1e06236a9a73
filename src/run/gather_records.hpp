/// Finished work of all ranks, brought together on rank 0.
#pragma once

#include "confer/comm/communicator.hpp"
#include "confer/io/journal.hpp"

namespace confer {

/// Collective. Streams the records of every rank's journal to rank 0, which enters them one by one.
void gather_records(Communicator const& comm, Journal const& journal, RecordVisitor const& enter);

}  // namespace confer
