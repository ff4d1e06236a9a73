#include "confer/core/text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <stdexcept>

namespace confer {

namespace {

std::string_view trim(std::string_view text) {
  auto const blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

template <class... Values>
std::string print(char const* format, Values... values) {
  std::array<char, 64> buffer{};
  int const length = std::snprintf(buffer.data(), buffer.size(), format, values...);
  return {buffer.data(), static_cast<std::size_t>(length)};
}

// Matches the class "[...]" at the start of pattern; on success consumes it. A '[' that is never closed is a literal.
bool match_class(std::string_view& pattern, char c, bool& is_class) {
  std::size_t i = 1;
  bool const negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (negated) ++i;
  bool hit = false;
  for (std::size_t first = i; i < pattern.size(); ++i) {
    if (pattern[i] == ']' && i > first) {
      pattern.remove_prefix(i + 1);
      is_class = true;
      return hit != negated;
    }
    if (i + 2 < pattern.size() && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
      hit = hit || (pattern[i] <= c && c <= pattern[i + 2]);
      i += 2;
    } else {
      hit = hit || pattern[i] == c;
    }
  }
  is_class = false;
  return false;
}

bool match_one(std::string_view pattern, std::string_view text) {
  // Iterative matching with one point to return to: the last '*' seen.
  std::string_view star_pattern, star_text;
  bool star = false;
  while (true) {
    if (!pattern.empty() && pattern.front() == '*') {
      pattern.remove_prefix(1);
      star_pattern = pattern;
      star_text = text;
      star = true;
      continue;
    }
    if (text.empty() && pattern.empty()) return true;
    bool advanced = false;
    if (!text.empty() && !pattern.empty()) {
      if (pattern.front() == '[') {
        std::string_view rest = pattern;
        bool is_class = false;
        bool const hit = match_class(rest, text.front(), is_class);
        if (is_class ? hit : text.front() == '[') {
          if (is_class)
            pattern = rest;
          else
            pattern.remove_prefix(1);
          text.remove_prefix(1);
          advanced = true;
        }
      } else if (pattern.front() == '?' || pattern.front() == text.front()) {
        pattern.remove_prefix(1);
        text.remove_prefix(1);
        advanced = true;
      }
    }
    if (advanced) continue;
    if (!star || star_text.empty()) return false;
    star_text.remove_prefix(1);
    text = star_text;
    pattern = star_pattern;
  }
}

}  // namespace

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> pieces;
  std::size_t begin = 0;
  while (true) {
    std::size_t const end = text.find(separator, begin);
    pieces.emplace_back(trim(text.substr(begin, end == text.npos ? text.npos : end - begin)));
    if (end == text.npos) return pieces;
    begin = end + 1;
  }
}

std::string join(std::vector<std::string> const& pieces, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (i > 0) text += separator;
    text += pieces[i];
  }
  return text;
}

bool glob_match(std::string_view pattern, std::string_view text) {
  if (match_one(pattern, text)) return true;
  if (pattern.find(',') == pattern.npos) return false;
  for (auto const& part : split(pattern, ','))
    if (match_one(part, text)) return true;
  return false;
}

std::string format_bytes(double bytes) {
  static constexpr std::array units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < units.size()) {
    bytes /= 1024;
    ++unit;
  }
  return print(unit == 0 || bytes >= 100 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
}

std::string format_duration(double seconds) {
  if (!std::isfinite(seconds)) return "unknown";
  if (seconds < 10) return print("%.1f s", seconds);
  if (seconds < 99.5) return print("%.0f s", seconds);
  auto const whole = static_cast<long long>(std::llround(seconds));
  if (whole < 3600) return print("%lld min %02lld s", whole / 60, whole % 60);
  if (whole < 48LL * 3600) return print("%lld h %02lld min", whole / 3600, whole % 3600 / 60);
  return print("%.1f days", seconds / 86400);
}

std::string format_count(Index value) {
  std::string digits = std::to_string(value < 0 ? -value : value);
  for (auto place = static_cast<Index>(digits.size()) - 3; place > 0; place -= 3)
    digits.insert(static_cast<std::size_t>(place), ",");
  return value < 0 ? "-" + digits : digits;
}

std::string format_number(double value) {
  if (std::isnan(value)) return "NaN";
  std::array<char, 40> buffer{};
  auto const [end, status] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), status == std::errc{} ? end : buffer.data()};
}

double parse_number(std::string_view text) {
  text = trim(text);
  double value = 0;
  auto const [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc{} || end != text.data() + text.size() || text.empty())
    throw std::invalid_argument("'" + std::string(text) + "' is not a number");
  return value;
}

Index parse_index(std::string_view text) {
  text = trim(text);
  Index value = 0;
  auto const [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc{} || end != text.data() + text.size() || text.empty())
    throw std::invalid_argument("'" + std::string(text) + "' is not a whole number");
  return value;
}

double parse_bytes(std::string_view text) {
  text = trim(text);
  std::size_t digits = text.size();
  while (digits > 0 && !(text[digits - 1] >= '0' && text[digits - 1] <= '9') && text[digits - 1] != '.') --digits;
  if (digits == 0) throw std::invalid_argument("'" + std::string(text) + "' is not a size such as 512M or 4GiB");
  double const value = parse_number(text.substr(0, digits));
  std::string unit(trim(text.substr(digits)));
  for (char& c : unit)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  static constexpr std::string_view prefixes = "KMGTP";
  if (unit.empty() || unit == "B") return value;
  std::size_t const power = prefixes.find(unit.front());
  std::string const rest = unit.substr(1);
  if (power == prefixes.npos || (!rest.empty() && rest != "B" && rest != "IB"))
    throw std::invalid_argument("'" + std::string(text) + "' is not a size such as 512M or 4GiB");
  return value * std::pow(1024.0, static_cast<double>(power + 1));
}

}  // namespace confer
