/// Message passing between ranks: only the operations in use, on spans. mpi.h stays inside the .cpp.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "confer/core/types.hpp"

namespace confer {

/// A group of ranks. Copies share the handle; it is freed with the last copy, before MPI ends.
/// All failures throw EnvironmentError with MPI's own text.
class Communicator {
 public:
  static Communicator world();

  int rank() const { return rank_; }
  int size() const { return size_; }
  bool is_root() const { return rank_ == 0; }

  /// Collective. Ranks with the same colour form a group, ordered by key.
  Communicator split(int colour, int key) const;
  /// Collective. The ranks that share this node's memory.
  Communicator split_node() const;

  /// Collective.
  void barrier() const;
  /// Collective. The values of `root` replace those of all others. Sizes must agree; any size in bytes works.
  void broadcast(std::span<std::byte> values, int root) const;
  template <class T>
  void broadcast(std::span<T> values, int root) const {
    broadcast(std::as_writable_bytes(values), root);
  }
  /// Collective. Text of any length.
  void broadcast(std::string& text, int root) const;

  /// Collective. Element-wise, in place, on every rank.
  void all_sum(std::span<double> values) const;
  void all_sum(std::span<Index> values) const;
  void all_max(std::span<double> values) const;
  void all_min(std::span<double> values) const;
  /// Collective. Element-wise sum arrives in place on root; others' values are unchanged.
  void sum_to(std::span<double> values, int root) const;
  void sum_to(std::span<Index> values, int root) const;

  /// Collective. One text per rank, in rank order, on root; empty elsewhere.
  std::vector<std::string> gather(std::string const& text, int root) const;
  /// Collective. One text per rank, in rank order, on every rank.
  std::vector<std::string> all_gather(std::string const& text) const;

  /// Point to point, blocking; tag 0..32767.
  void send(std::span<std::byte const> values, int to, int tag) const;
  void receive(std::span<std::byte> values, int from, int tag) const;
  /// A message waiting for this rank, if any: where it comes from and how many bytes it has.
  struct Waiting {
    int from;
    int tag;
    Index bytes;
  };
  std::optional<Waiting> probe(int tag) const;         ///< returns at once
  Waiting wait_message(int tag) const;                 ///< blocks

  struct Handle;                                       ///< wraps MPI_Comm; for dist/ only
  Handle const& handle() const { return *handle_; }

 private:
  explicit Communicator(std::shared_ptr<Handle const> handle);
  std::shared_ptr<Handle const> handle_;
  int rank_ = 0;
  int size_ = 1;
};

/// Collective. Every rank says what went wrong on it (nullptr: nothing). If any rank failed, all ranks throw the
/// error of the lowest failing rank, whose text names that rank when there is more than one.
void agree(Communicator const& comm, std::exception_ptr failure);

/// Collective. Runs `work` on every rank, then agrees: a failure on one rank becomes the same error on all.
void together(Communicator const& comm, std::function<void()> const& work);

}  // namespace confer
