#include "run/phase_report.hpp"

#include <fmt/format.h>

#include <cmath>

#include "confer/core/text.hpp"

namespace confer {

namespace {

double value_at(ResultSet const& results, std::string const& name, std::size_t at) {
  return results.find(name) == nullptr ? std::nan("") : results.doubles(name)[at];
}

std::string duration_or_dash(double seconds) { return std::isnan(seconds) ? "-" : format_duration(seconds); }

std::string rate(double flops, double seconds) {
  constexpr double shortest = 1e-3;  // seconds; shorter measurements say nothing
  return flops > 0 && seconds > shortest ? fmt::format("{:.3g} Gflop/s", 1e-9 * flops / seconds) : "-";
}

}  // namespace

std::string phases_text(ResultSet const& results, PhaseTimer const& timer) {
  std::vector<std::string> const& names = results.strings("phase");
  bool const planned = results.find("phase_predicted_seconds") != nullptr;
  std::string text = fmt::format("{:<14}{:>12}{}{:>13}{}\n", "phase", "time",
                                 planned ? fmt::format("{:>12}{:>14}", "predicted", "rate") : "", "memory/rank",
                                 planned ? "   share of its limit" : "");
  double all = 0, all_predicted = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    bool const last = i + 1 == names.size();
    Phase const own = last && !timer.phases().empty() ? timer.phases().back() : Phase{};
    double const seconds = std::max(results.doubles("phase_seconds")[i], own.name == names[i] ? own.wall : 0);
    double const memory = std::max(results.doubles("phase_memory")[i], own.name == names[i] ? own.memory : 0);
    all += seconds;
    text += fmt::format("{:<14}{:>12}", names[i], format_duration(seconds));
    if (planned) {
      double const predicted = value_at(results, "phase_predicted_seconds", i);
      if (!std::isnan(predicted)) all_predicted += predicted;
      text += fmt::format("{:>12}{:>14}", duration_or_dash(predicted),
                          rate(value_at(results, "phase_flops", i), seconds));
    }
    text += fmt::format("{:>13}", format_bytes(memory));
    double const share = value_at(results, "phase_limit_share", i);
    if (!std::isnan(share)) text += fmt::format("   {:.0f} % {}", 100 * share, results.strings("phase_limit")[i]);
    text += "\n";
  }
  return text + fmt::format("{:<14}{:>12}{}\n", "in all", format_duration(all),
                            planned ? fmt::format("{:>12}", format_duration(all_predicted)) : "");
}

}  // namespace confer
