/// Names are data: what makes text from a file safe to print, and what tells text from bytes.
#pragma once

#include <string>
#include <string_view>

namespace confer {

/// True when the bytes are well-formed UTF-8 without a zero byte (no overlong forms, surrogates, or values past
/// U+10FFFF).
bool is_utf8(std::string_view text);

/// The text with every malformed byte replaced by U+FFFD.
std::string to_utf8(std::string_view text);

/// One line that is safe on a terminal: to_utf8, and control characters (also U+0080..U+009F and the direction
/// overrides) written as \n, \t or \u{1b}.
std::string printable(std::string_view text);

}  // namespace confer
