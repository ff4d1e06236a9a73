/// Texts of option values and what they mean. All throw std::invalid_argument with the reason.
#pragma once

#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "confer/core/text.hpp"
#include "confer/core/types.hpp"
#include "confer/model/config.hpp"

namespace confer::app {

/// The value named by `text`.
template <class Value>
Value choice(std::string const& text, std::initializer_list<std::pair<char const*, Value>> choices) {
  std::vector<std::string> names;
  for (auto const& [name, value] : choices) {
    if (text == name) return value;
    names.emplace_back(name);
  }
  throw std::invalid_argument("choose one of " + join(names, ", "));
}

/// A number in [lowest, highest], or ]lowest, highest].
enum class LowerEnd { included, excluded };
double number_between(std::string const& text, double lowest, LowerEnd end, double highest);
Index whole_number_between(std::string const& text, Index lowest, Index highest);

/// "A:B" with A < B; either may be left out.
std::pair<std::optional<Index>, std::optional<Index>> sample_range(std::string const& text);

/// "512M", "4GiB": more than zero bytes.
double memory_size(std::string const& text);

/// Seconds: "90", "30min", "2h", "1d", or as SLURM writes it: "MM:SS", "HH:MM:SS", "D-HH:MM:SS".
double duration(std::string const& text);

/// "a,b" without empty pieces.
std::vector<std::string> name_list(std::string const& text);

PairSelection pair_selection(std::string const& text);

}  // namespace confer::app
