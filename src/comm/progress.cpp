#include "confer/comm/progress.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <utility>

#include "confer/core/text.hpp"

namespace confer {

namespace {

constexpr double live_interval = 0.2;
constexpr double log_interval = 10;
constexpr std::size_t line_width = 79;  // a live line that wraps can no longer be redrawn
constexpr char const* clear_line = "\r\033[K";

std::string rate_text(double units_per_second, std::string const& unit) {
  if (!std::isfinite(units_per_second)) return {};
  if (units_per_second >= 10) return format_count(std::llround(units_per_second)) + " " + unit + "/s";
  return format_number(std::round(units_per_second * 100) / 100) + " " + unit + "/s";
}

ProgressOutput standard_error(Communicator const& comm, ProgressMode mode, bool quiet) {
  ProgressOutput output;
  if (!comm.is_root() || quiet || mode == ProgressMode::never) return output;
  output.live = mode == ProgressMode::always || isatty(STDERR_FILENO) != 0;
  output.write = [](std::string const& text) { std::fwrite(text.data(), 1, text.size(), stderr); };
  output.now = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  };
  output.memory = [] {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    return 1024.0 * static_cast<double>(used.ru_maxrss);
  };
  return output;
}

}  // namespace

Progress::Progress(Communicator const& comm, ProgressMode mode, bool quiet)
    : Progress(standard_error(comm, mode, quiet)) {}

Progress::Progress(ProgressOutput output) : output_(std::move(output)) {}

Progress::~Progress() {
  // A phase that an error cut short must not claim to be finished; the error's text needs a clean line.
  if (running_ && output_.write && output_.live) output_.write(clear_line);
}

void Progress::begin(std::string phase, double total, std::string unit, double already) {
  end();
  running_ = true;
  phase_ = std::move(phase);
  unit_ = std::move(unit);
  total_ = total;
  already_ = done_ = already;
  if (!output_.write) return;
  begin_ = last_write_ = output_.now();
  if (output_.live) output_.write(clear_line + running_line(begin_));
}

void Progress::update(double done) {
  if (!running_) return;
  done_ = done;
  if (!output_.write) return;
  double const now = output_.now();
  if (now - last_write_ < (output_.live ? live_interval : log_interval)) return;
  last_write_ = now;
  output_.write(output_.live ? clear_line + running_line(now) : running_line(now) + "\n");
}

void Progress::end() {
  if (!running_) return;
  running_ = false;
  if (!output_.write) return;
  double const elapsed = output_.now() - begin_;
  std::string line =
      phase_ + ": " + format_count(std::llround(done_)) + " " + unit_ + " in " + format_duration(elapsed);
  std::string const rate = rate_text((done_ - already_) / elapsed, unit_);
  if (!rate.empty() && elapsed >= 1) line += " (" + rate + ")";
  if (output_.memory) line += ", memory " + format_bytes(output_.memory());
  output_.write((output_.live ? clear_line : "") + line + "\n");
}

std::string Progress::running_line(double now) const {
  double const share = total_ > 0 ? done_ / total_ : 1;
  std::string line = phase_ + ": " + std::to_string(static_cast<int>(100 * share)) + " %, " +
                     format_count(std::llround(done_)) + " of " + format_count(std::llround(total_)) + " " + unit_;
  double const rate = (done_ - already_) / (now - begin_);
  if (done_ > already_ && std::isfinite(rate))
    line += ", " + rate_text(rate, unit_) + ", " + format_duration((total_ - done_) / rate) + " left";
  if (output_.live && line.size() > line_width) line.resize(line_width);
  return line;
}

}  // namespace confer
