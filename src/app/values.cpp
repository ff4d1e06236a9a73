#include "app/values.hpp"

#include <cmath>

namespace confer::app {

double number_between(std::string const& text, double lowest, LowerEnd end, double highest) {
  double const value = parse_number(text);
  bool const high_enough = end == LowerEnd::included ? value >= lowest : value > lowest;
  if (!high_enough || !(value <= highest))
    throw std::invalid_argument("it must be " + std::string(end == LowerEnd::included ? "at least " : "more than ") +
                                format_number(lowest) + " and at most " + format_number(highest));
  return value;
}

Index whole_number_between(std::string const& text, Index lowest, Index highest) {
  Index const value = parse_index(text);
  if (value < lowest || value > highest)
    throw std::invalid_argument("it must be between " + format_count(lowest) + " and " + format_count(highest));
  return value;
}

std::pair<std::optional<Index>, std::optional<Index>> sample_range(std::string const& text) {
  auto const ends = split(text, ':');
  if (ends.size() != 2 || (ends[0].empty() && ends[1].empty()))
    throw std::invalid_argument("write A:B, the first input used and the one after the last, such as 0:1000");
  std::optional<Index> begin, end;
  if (!ends[0].empty()) begin = parse_index(ends[0]);
  if (!ends[1].empty()) end = parse_index(ends[1]);
  if (begin.value_or(0) < 0 || end.value_or(1) < 0) throw std::invalid_argument("inputs are counted from 0");
  if (end && begin.value_or(0) >= *end)
    throw std::invalid_argument("it holds no input: B is the input after the last one used, so A must be less than B");
  return {begin, end};
}

double memory_size(std::string const& text) {
  double const bytes = parse_bytes(text);
  if (!(bytes >= 1) || !std::isfinite(bytes)) throw std::invalid_argument("it must be a size such as 512M or 4GiB");
  return bytes;
}

double duration(std::string const& text) {
  char const* const form = "write it as 90, 30min, 2h or HH:MM:SS";
  try {
    double seconds = 0;
    if (text.find(':') != text.npos) {
      auto const days = split(text, '-');
      auto const clock = split(days.back(), ':');
      if (days.size() > 2 || clock.size() < 2 || clock.size() > 3) throw std::invalid_argument(form);
      for (auto const& part : clock)
        seconds = seconds * 60 + static_cast<double>(whole_number_between(part, 0, 1 << 30));
      if (days.size() == 2) {
        if (clock.size() == 2) seconds *= 60;  // D-HH:MM
        seconds += 86400.0 * static_cast<double>(whole_number_between(days[0], 0, 1 << 30));
      }
    } else {
      std::size_t const digits = text.find_last_of("0123456789.") + 1;
      seconds = parse_number(text.substr(0, digits)) *
                choice<double>(split(text.substr(digits), ',').front(),
                               {{"", 1.0}, {"s", 1.0}, {"m", 60.0}, {"min", 60.0}, {"h", 3600.0}, {"d", 86400.0}});
    }
    if (seconds > 0 && std::isfinite(seconds)) return seconds;
  } catch (std::invalid_argument const&) {
  }
  throw std::invalid_argument(form);
}

std::vector<std::string> name_list(std::string const& text) {
  auto names = split(text, ',');
  for (auto const& name : names)
    if (name.empty()) throw std::invalid_argument("a name is missing: write names with single commas between them");
  return names;
}

PairSelection pair_selection(std::string const& text) {
  using Kind = PairSelection::Kind;
  if (text.starts_with("to=") && text.size() > 3) return {Kind::to, text.substr(3)};
  if (text.starts_with("to"))
    throw std::invalid_argument("write to=GLOB with a pattern of labels, such as to='*@5000/*'");
  return {choice<Kind>(text, {{"all", Kind::all},
                              {"cross-network", Kind::cross_network},
                              {"same-layer", Kind::same_layer},
                              {"to=GLOB", Kind::to}}),
          {}};
}

}  // namespace confer::app
