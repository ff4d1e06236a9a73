/// Text in and out: lists, globs, sizes and durations the way users write and read them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "confer/core/types.hpp"

namespace confer {

/// Splits at every separator; surrounding blanks of each piece are removed, empty pieces kept.
std::vector<std::string> split(std::string_view text, char separator);

/// Joins with a separator.
std::string join(std::vector<std::string> const& pieces, std::string_view separator);

/// True when the whole text matches a shell pattern of *, ?, [abc], [a-z] and [!abc]. A comma-separated
/// pattern matches when any of its parts does.
bool glob_match(std::string_view pattern, std::string_view text);

/// "1.5 GiB", "812 KiB", "12 B".
std::string format_bytes(double bytes);

/// "0.8 s", "12 s", "3 min 20 s", "2 h 05 min".
std::string format_duration(double seconds);

/// "1,234,567".
std::string format_count(Index value);

/// Shortest text that reads back as the same double; "NaN" for not-a-number.
std::string format_number(double value);

/// Reads "512M", "4GiB", "2.5e9", "100 MB" (all units are powers of 1024). Throws std::invalid_argument.
double parse_bytes(std::string_view text);

/// Reads a whole text as a number. Throws std::invalid_argument.
double parse_number(std::string_view text);
Index parse_index(std::string_view text);

}  // namespace confer
