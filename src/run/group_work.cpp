#include "run/group_work.hpp"

#include <array>
#include <bit>
#include <cstdint>

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
