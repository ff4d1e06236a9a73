/// Work that a group of ranks does together, in which any of them may fail or be asked to stop at any time.
#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <span>

#include "confer/comm/communicator.hpp"
#include "confer/linalg/factor.hpp"

namespace confer {

/// Every collective step begins with a word on how each rank is doing. A rank that fails, or is asked to stop, leaves
/// its work and gives that word once; the others learn it at their next step and leave theirs. Nobody waits forever.
class GroupWork {
 public:
  /// Collective.
  GroupWork(Communicator const& group, std::function<bool()> stop_requested)
      : group_(group), node_(group.split_node()), stop_requested_(std::move(stop_requested)) {}

  Communicator const& group() const { return group_; }

  enum class End { finished, stopped, failed };
  /// Collective. Runs `body` on every rank, which may call the steps below. The same end on every rank; if it is
  /// `failed`, failure() is what this rank threw, if it did.
  End run(std::function<void()> const& body);
  std::exception_ptr failure() const { return failure_; }

  /// Leaves the work if a stop is requested of this rank. For long work between steps.
  void check_stop() const;

  /// Collective within `body`.
  void step();
  void sum(std::span<double> values);
  void max(std::span<double> values);
  /// decompose() of a matrix that all ranks hold: by one rank of each node, which shares the result with the others.
  Eigen decompose(MatrixView<double const> gram, DirectionDetail detail);

 private:
  enum class Word { fine, stop, failed };
  struct Left {};  // thrown through `body`
  Word exchange(Word mine);
  void require_all_fine();
  /// Gives all ranks the first one's values if any of theirs differ, as they may when their processors do.
  void same(std::span<double> values);
  /// Nothing where the node has no memory to share.
  std::optional<Eigen> decompose_once(MatrixView<double const> gram, DirectionDetail detail);

  Communicator const& group_;
  Communicator const node_;  ///< ranks of the group on this node
  std::function<bool()> stop_requested_;
  std::exception_ptr failure_;
  Word word_ = Word::fine;
};

}  // namespace confer
