/// Independent pieces of work with results as records: handed out to ranks, journalled, gathered.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "confer/comm/communicator.hpp"
#include "confer/dist/hand_out.hpp"
#include "confer/model/catalog.hpp"
#include "confer/model/config.hpp"

namespace confer {

struct WorkList {
  Index items = 0;
  std::vector<double> costs;  ///< one per item, any unit: expensive ones begin first; empty: all alike
  std::vector<std::string> alike;  ///< one per item: items of one text, unless it is empty, go to one rank; or empty
  std::string fingerprint;    ///< of everything the records depend on: finished work of another job is not used
  std::string phase, unit;    ///< for people: "align", "representations"
  std::function<std::string(Index item, Poll const& poll)> work;  ///< the record of an item, never empty
};

/// Collective. The records of all items on rank 0, in order; nothing elsewhere. Items that an earlier, stopped run of
/// the same job has finished are not done again (unless run.fresh). Throws StopRequested on all ranks when a stop was
/// requested; finished work then stays in the journal beside the output.
std::vector<std::string> do_work(Communicator const& comm, RunOptions const& run, WorkList const& list);

/// Removes the journal of finished work. Call it on rank 0 when the output is written.
void forget_work(RunOptions const& run);

/// The files of a catalog with sizes and times of change, for a fingerprint.
std::string files_text(Catalog const& catalog);

}  // namespace confer
