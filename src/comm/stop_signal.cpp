#include "confer/comm/stop_signal.hpp"

#include <signal.h>

#include <array>
#include <csignal>

#include "confer/core/text.hpp"

namespace confer {

namespace {

constexpr std::array<int, 3> signals = {SIGTERM, SIGUSR1, SIGINT};

// The only state a signal handler may touch, hence not a member.
volatile std::sig_atomic_t received_signal = 0;
int living_objects = 0;

void remember(int signal) { received_signal = signal; }

}  // namespace

struct StopSignal::Handlers {
  std::array<struct sigaction, signals.size()> actions{};
};

StopSignal::StopSignal(std::optional<double> time_limit)
    : time_limit_(time_limit), start_(std::chrono::steady_clock::now()), previous_(std::make_unique<Handlers>()) {
  ++living_objects;
  struct sigaction action {};
  action.sa_handler = remember;
  action.sa_flags = SA_RESTART;  // reads and writes under way go on
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &action, &previous_->actions[i]);
}

StopSignal::~StopSignal() {
  for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &previous_->actions[i], nullptr);
  if (--living_objects == 0) received_signal = 0;
}

bool StopSignal::requested() const {
  if (received_signal != 0) return true;
  return time_limit_ && std::chrono::steady_clock::now() - start_ >= std::chrono::duration<double>(*time_limit_);
}

std::string StopSignal::reason() const {
  switch (static_cast<int>(received_signal)) {
    case SIGTERM:
      return "SIGTERM";
    case SIGUSR1:
      return "SIGUSR1";
    case SIGINT:
      return "SIGINT";
    default:
      return requested() ? "time limit of " + format_duration(*time_limit_) : "";
  }
}

}  // namespace confer
