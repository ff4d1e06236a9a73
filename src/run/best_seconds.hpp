/// How long a call takes.
#pragma once

#include <algorithm>
#include <chrono>

namespace confer {

/// Seconds of one call: the best of at least two, repeated until `budget` seconds are spent.
template <class Work>
double best_seconds(double budget, Work const& work) {
  using Clock = std::chrono::steady_clock;
  auto const since = [](Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  auto const start = Clock::now();
  double best = 0;
  for (int round = 0; round < 2 || (round < 50 && since(start) < budget); ++round) {
    auto const begin = Clock::now();
    work();
    double const seconds = since(begin);
    best = round == 0 ? seconds : std::min(best, seconds);
  }
  return best;
}

}  // namespace confer
