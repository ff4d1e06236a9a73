/// Dynamic hand-out of work items to ranks, by messages alone: no rank needs MPI to progress in the background.
#pragma once

#include <functional>

#include "confer/comm/communicator.hpp"

namespace confer {

/// Answers waiting requests of other ranks. On rank 0 work must call it now and then, at least every few milliseconds
/// of computing if ranks shall not wait; elsewhere it does nothing.
using Poll = std::function<void()>;

struct HandOutOptions {
  /// Asked before each item on every rank; true on any rank ends the hand-out.
  std::function<bool()> stop_requested;
  /// Called on rank 0 for every finished item of any rank, in the order in which rank 0 learns of it.
  std::function<void(Index item)> on_done;
  /// Whether rank 0 takes items itself. automatic: up to 32 ranks. A single rank always computes.
  enum class Coordinator { automatic, computes, only_coordinates } coordinator = Coordinator::automatic;
};

/// The same on every rank.
struct HandOutResult {
  Index done = 0;        ///< items finished
  bool stopped = false;  ///< a request to stop left items undone
};

/// Collective. Calls work(item, poll) exactly once for each item 0 <= item < items, on some rank; the order of
/// beginning is that of the numbers, so the most expensive item should be number 0. Every rank gets its next item while
/// it computes, except the last few, which go to idle ranks only.
/// After a stop request no further item begins; items under way are finished. If work throws on any rank, the others
/// finish their items under way and then all ranks throw, as `agree` does.
HandOutResult hand_out(Communicator const& comm, Index items,
                       std::function<void(Index item, Poll const& poll)> const& work,
                       HandOutOptions const& options = {});

}  // namespace confer
