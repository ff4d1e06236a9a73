#include "run/group_work.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "confer/comm/node_memory.hpp"

namespace confer {

GroupWork::Word GroupWork::exchange(Word mine) {
  double word = static_cast<double>(static_cast<int>(mine));
  group_.all_max(std::span(&word, 1));
  return word_ = static_cast<Word>(static_cast<int>(word));
}

void GroupWork::check_stop() const {
  if (stop_requested_ && stop_requested_()) throw Left{};
}

void GroupWork::require_all_fine() {
  bool const stop = stop_requested_ && stop_requested_();
  if (exchange(stop ? Word::stop : Word::fine) != Word::fine) throw Left{};
}

void GroupWork::step() { require_all_fine(); }

void GroupWork::sum(std::span<double> values) {
  require_all_fine();
  group_.all_sum(values);
}

void GroupWork::max(std::span<double> values) {
  require_all_fine();
  group_.all_max(values);
}

void GroupWork::same(std::span<double> values) {
  if (group_.size() == 1) return;
  std::uint64_t hash = 0xcbf29ce484222325;
  for (double const value : values) hash = (hash ^ std::bit_cast<std::uint64_t>(value)) * 0x100000001b3;
  // Halves of the hash are exact in double precision; the largest and the smallest are equal when all are.
  double const high = static_cast<double>(hash >> 32), low = static_cast<double>(hash & 0xffffffff);
  std::array<double, 4> extremes = {high, -high, low, -low};
  require_all_fine();
  group_.all_max(extremes);
  if (extremes[0] + extremes[1] != 0 || extremes[2] + extremes[3] != 0) group_.broadcast(values, 0);
}

std::optional<Eigen> GroupWork::decompose_once(MatrixView<double const> gram, DirectionDetail detail) {
  auto const n = static_cast<std::size_t>(gram.rows);
  Index const columns = detail == DirectionDetail::vectors ? gram.rows : 0;
  Eigen eigen{std::vector<double>(n), Matrix<double>(columns, columns, Uninitialised())};
  std::span<double> const vectors(eigen.vectors.data(), static_cast<std::size_t>(eigen.vectors.size()));
  require_all_fine();
  auto const memory = NodeMemory::allocate(node_, std::ssize(eigen.values) + std::ssize(vectors));
  if (!memory) return std::nullopt;
  std::exception_ptr failure;  // thrown when the others wait no more
  auto const values = memory->values().first(n), rest = memory->values().subspan(n);
  if (node_.is_root()) {
    try {
      eigen = confer::decompose(gram, detail);
      std::copy(eigen.values.begin(), eigen.values.end(), values.begin());
      std::copy_n(eigen.vectors.data(), eigen.vectors.size(), rest.begin());
    } catch (...) {
      failure = std::current_exception();
    }
  }
  memory->meet();
  if (failure) std::rethrow_exception(failure);
  if (!node_.is_root()) {
    std::copy(values.begin(), values.end(), eigen.values.begin());
    std::copy(rest.begin(), rest.end(), vectors.begin());
  }
  return eigen;
}

Eigen GroupWork::decompose(MatrixView<double const> gram, DirectionDetail detail) {
  std::optional<Eigen> eigen;
  if (node_.size() > 1) eigen = decompose_once(gram, detail);
  if (eigen && node_.size() == group_.size()) return std::move(*eigen);
  if (!eigen) eigen = confer::decompose(gram, detail);
  same(eigen->values);
  same({eigen->vectors.data(), static_cast<std::size_t>(eigen->vectors.size())});
  return std::move(*eigen);
}

GroupWork::End GroupWork::run(std::function<void()> const& body) {
  failure_ = nullptr;
  word_ = Word::fine;
  try {
    body();
    exchange(Word::fine);
  } catch (Left const&) {
    // Left by the word of all, or, before that, because of a stop request that the others do not know of yet.
    if (word_ == Word::fine) exchange(Word::stop);
  } catch (...) {
    failure_ = std::current_exception();
    exchange(Word::failed);
  }
  return word_ == Word::fine ? End::finished : word_ == Word::stop ? End::stopped : End::failed;
}

}  // namespace confer
