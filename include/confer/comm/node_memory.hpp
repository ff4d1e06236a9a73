/// Memory that the ranks of a node share for a while.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "confer/comm/communicator.hpp"

namespace confer {

class NodeMemory {
 public:
  /// Collective over `node`, which Communicator::split_node() has made. So many numbers, at least one, to be written by
  /// any rank; nothing, on all ranks, where the system has no such memory left.
  static std::optional<NodeMemory> allocate(Communicator const& node, Index count);

  std::span<double> values() const;

  /// Collective. What a rank has written before, all ranks see after it.
  void meet() const;

 private:
  struct Mapping;
  explicit NodeMemory(std::shared_ptr<Mapping> mapping) : mapping_(std::move(mapping)) {}
  std::shared_ptr<Mapping> mapping_;
};

}  // namespace confer
