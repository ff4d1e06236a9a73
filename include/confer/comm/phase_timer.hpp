/// Time and memory per phase of a job, on each rank and over all ranks.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "confer/comm/communicator.hpp"

namespace confer {

/// What one rank spent in one phase.
struct Phase {
  std::string name;
  double wall = 0;    ///< seconds
  double cpu = 0;     ///< seconds of user and system time, all threads
  double memory = 0;  ///< bytes: the process's high water of resident memory when the phase ended
};

/// The same over the ranks of a communicator.
struct PhaseSummary {
  std::string name;
  double wall_max = 0, wall_mean = 0;
  double cpu_max = 0, cpu_mean = 0;
  double memory_max = 0, memory_mean = 0;
};

/// Measures consecutive phases. A name used again goes on where it stopped.
class PhaseTimer {
 public:
  /// Ends the phase under way, if any, and starts this one.
  void start(std::string const& name);
  /// Ends the phase under way.
  void stop();

  /// Phases in the order of their first start; the one under way is not in the figures yet.
  std::vector<Phase> const& phases() const { return phases_; }

  /// Collective. Ends the phase under way. Phases of all ranks, those of rank 0 first; a rank without a phase
  /// counts as having spent nothing in it. The same on every rank.
  std::vector<PhaseSummary> summary(Communicator const& comm);

 private:
  std::vector<Phase> phases_;
  std::size_t current_ = 0;
  bool running_ = false;
  std::chrono::steady_clock::time_point wall_start_;
  double cpu_start_ = 0;
};

}  // namespace confer
