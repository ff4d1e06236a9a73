#include "app/job_file.hpp"

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"

namespace confer::app {

namespace {

namespace po = boost::program_options;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::string encoded(std::string const& text, std::string_view special) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto const byte = static_cast<unsigned char>(text[i]);
    bool const edge_blank = text[i] == ' ' && (i == 0 || i + 1 == text.size());
    if (byte < 0x20 || edge_blank || special.find(text[i]) != special.npos)
      result += {'\\', 'x', digits[byte / 16], digits[byte % 16]};
    else
      result += text[i];
  }
  return result;
}

}  // namespace

std::string decoded(std::string const& value) {
  std::string result;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value.compare(i, 2, "\\x") == 0 && i + 3 < value.size() && hex_digit(value[i + 2]) >= 0 &&
        hex_digit(value[i + 3]) >= 0) {
      result += static_cast<char>(hex_digit(value[i + 2]) * 16 + hex_digit(value[i + 3]));
      i += 3;
    } else {
      result += value[i];
    }
  }
  return result;
}

std::vector<JobEntry> read_job_file(std::string const& path) {
  std::string const shown = "--job '" + printable(path) + "'";
  std::error_code ignored;
  std::ifstream file(path);
  if (!file || std::filesystem::is_directory(path, ignored))
    throw UsageError(shown + " cannot be read", file ? "it is a directory" : std::strerror(errno), "check the path");
  std::vector<JobEntry> entries;
  std::string section, line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (number == 1 && line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);  // a mark that some editors begin files with
    // Boost does not say where in a file a key stands: it gets one line at a time.
    std::istringstream one(line);
    try {
      po::options_description const none;
      for (auto const& option : po::parse_config_file(one, none, true).options)
        entries.push_back({section, option.string_key, option.value.empty() ? "" : option.value.front(), number});
    } catch (po::error const&) {
      throw UsageError(shown + " line " + std::to_string(number) + " cannot be understood",
                       "'" + printable(line.substr(0, 60)) + "'", "write 'option = value', '[section]' or '# comment'");
    }
    std::string const bare = split(line, '#').front();
    if (bare.size() > 2 && bare.front() == '[' && bare.back() == ']') section = bare.substr(1, bare.size() - 2);
  }
  return entries;
}

std::string command_of(std::vector<JobEntry> const& entries) {
  for (auto const& entry : entries)
    if (entry.section.empty() && entry.key == "command") return entry.value;
  return {};
}

std::vector<std::string> words_of(std::string const& value) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false, quoted = false;
  for (char const c : value) {
    bool const separates = (c == ' ' || c == '\t') && !quoted;
    if (separates && in_word) words.push_back(std::exchange(word, {}));
    in_word = !separates;
    if (c == '"')
      quoted = !quoted;
    else if (!separates)
      word += c;
  }
  if (in_word) words.push_back(word);
  for (auto& each : words) each = decoded(each);
  return words;
}

std::string job_line(std::string const& key, std::string const& value) {
  return key + " = " + encoded(value, "#\\") + "\n";
}

std::string job_word_line(std::string const& key, std::string const& word) {
  bool const quote = word.find_first_of(" \t") != word.npos;
  std::string const text = encoded(word, "#\\\"");
  return key + " = " + (quote ? "\"" + text + "\"" : text) + "\n";
}

}  // namespace confer::app
