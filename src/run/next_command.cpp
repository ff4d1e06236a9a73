#include "run/next_command.hpp"

#include "confer/core/utf8.hpp"

namespace confer {

namespace {

/// A word of a shell command; in quotes only where it needs them.
std::string shell_word(std::string const& text) {
  bool const plain =
      text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+=.,:/@%") == text.npos;
  if (plain) return text;
  std::string word = "'";
  for (char const c : text) c == '\'' ? word += "'\\''" : word += c;
  return word + "'";
}

}  // namespace

std::string next_command(std::string const& path) {
  std::string page = path;
  auto const slash = page.rfind('/'), dot = page.rfind('.');
  bool const has_ending = dot != page.npos && dot > 0 && (slash == page.npos || dot > slash + 1);
  if (has_ending) page.erase(dot);
  return "next: confer report " + printable(shell_word(path)) + " --output " + printable(shell_word(page + ".html")) +
         "\n";
}

}  // namespace confer
