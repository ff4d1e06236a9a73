#include "confer/comm/phase_timer.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <array>

namespace confer {

namespace {

double seconds(timeval const& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

rusage usage() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return used;
}

double cpu_seconds(rusage const& used) { return seconds(used.ru_utime) + seconds(used.ru_stime); }

// A text that cannot be mistaken: lengths before names, which may hold any character.
std::string pack(std::vector<Phase> const& phases) {
  std::string text;
  for (auto const& phase : phases) text += std::to_string(phase.name.size()) + ":" + phase.name;
  return text;
}

std::vector<std::string> unpack(std::string const& text) {
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t const colon = text.find(':', begin);
    std::size_t const length = std::stoul(text.substr(begin, colon - begin));
    names.push_back(text.substr(colon + 1, length));
    begin = colon + 1 + length;
  }
  return names;
}

}  // namespace

void PhaseTimer::start(std::string const& name) {
  stop();
  auto const found = std::find_if(phases_.begin(), phases_.end(), [&](Phase const& p) { return p.name == name; });
  current_ = static_cast<std::size_t>(found - phases_.begin());
  if (found == phases_.end()) phases_.push_back({name});
  running_ = true;
  wall_start_ = std::chrono::steady_clock::now();
  cpu_start_ = cpu_seconds(usage());
}

void PhaseTimer::stop() {
  if (!running_) return;
  running_ = false;
  rusage const used = usage();
  auto& phase = phases_[current_];
  phase.wall += std::chrono::duration<double>(std::chrono::steady_clock::now() - wall_start_).count();
  phase.cpu += cpu_seconds(used) - cpu_start_;
  phase.memory = 1024.0 * static_cast<double>(used.ru_maxrss);
}

std::vector<PhaseSummary> PhaseTimer::summary(Communicator const& comm) {
  stop();
  std::vector<PhaseSummary> summaries;
  for (auto const& text : comm.all_gather(pack(phases_)))
    for (auto const& name : unpack(text))
      if (std::none_of(summaries.begin(), summaries.end(), [&](PhaseSummary const& s) { return s.name == name; }))
        summaries.push_back({name});

  for (auto& summary : summaries) {
    Phase own{summary.name};
    for (auto const& phase : phases_)
      if (phase.name == summary.name) own = phase;
    std::array<double, 3> high = {own.wall, own.cpu, own.memory}, sum = high;
    comm.all_max(high);
    comm.all_sum(sum);
    double const ranks = comm.size();
    summary = {summary.name, high[0], sum[0] / ranks, high[1], sum[1] / ranks, high[2], sum[2] / ranks};
  }
  return summaries;
}

}  // namespace confer
