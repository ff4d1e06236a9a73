/// Requests to stop early: signals of the user or the queueing system, and a time limit.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace confer {

/// While an object lives, SIGTERM, SIGUSR1 and SIGINT set a flag instead of ending the process; the destructor puts
/// the previous handlers back. Objects may be nested: a signal is a request to all of them.
class StopSignal {
 public:
  /// `time_limit`: seconds from now after which a stop counts as requested.
  explicit StopSignal(std::optional<double> time_limit = std::nullopt);
  ~StopSignal();
  StopSignal(StopSignal const&) = delete;
  StopSignal& operator=(StopSignal const&) = delete;

  /// A signal came to this process or the time is over. Other ranks may not know.
  bool requested() const;
  /// "SIGTERM", or "time limit of 2 h 00 min"; empty if no stop was requested.
  std::string reason() const;

 private:
  std::optional<double> time_limit_;
  std::chrono::steady_clock::time_point start_;
  struct Handlers;
  std::unique_ptr<Handlers> previous_;
};

}  // namespace confer
