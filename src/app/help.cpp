#include <algorithm>
#include <numeric>

#include "app/options.hpp"
#include "confer/core/text.hpp"

namespace confer::app {

namespace {

constexpr std::size_t line_width = 100;

// Number of single-character edits between two words.
std::size_t edit_distance(std::string const& a, std::string const& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t const above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

std::string nearest(std::string const& word, std::vector<std::string> const& known) {
  std::string best;
  std::size_t smallest = 1 + std::max<std::size_t>(1, (word.size() + 1) / 3);
  for (auto const& candidate : known) {
    bool const abbreviated = word.size() >= 3 && candidate.starts_with(word);
    std::size_t const distance = abbreviated ? 1 : edit_distance(word, candidate);
    if (distance < smallest) {
      smallest = distance;
      best = candidate;
    }
  }
  return best;
}

std::string wrapped(std::string const& text, std::size_t indent) {
  std::string result;
  for (auto const& paragraph : split(text, '\n')) {
    std::size_t column = 0;
    for (auto const& word : split(paragraph, ' ')) {
      if (word.empty()) continue;
      if (column > 0 && column + 1 + word.size() > line_width) {
        result += "\n";
        column = 0;
      }
      if (column == 0) {
        result += std::string(indent, ' ');
        column = indent;
      } else {
        result += " ";
        ++column;
      }
      result += word;
      column += word.size();
    }
    result += "\n";
  }
  return result;
}

std::string two_columns(std::vector<std::pair<std::string, std::string>> const& rows) {
  std::size_t width = 0;
  for (auto const& row : rows) width = std::max(width, row.first.size());
  std::size_t const indent = 2 + std::min<std::size_t>(width, 28) + 2;
  std::string result;
  for (auto const& [left, right] : rows) {
    std::string const first = "  " + left;
    std::string const text = wrapped(right, indent);
    if (first.size() + 2 > indent)
      result += first + "\n" + text;
    else
      result += first + text.substr(first.size());
  }
  return result;
}

std::string help_text(Syntax const& syntax) {
  std::string text = "Usage: confer " + syntax.command + " " + syntax.usage + "\n\n" + wrapped(syntax.description, 0);
  for (auto const& group : syntax.groups) {
    std::vector<std::pair<std::string, std::string>> rows;
    for (auto const& option : group.options)
      rows.emplace_back("--" + option.name + (option.placeholder.empty() ? "" : " ") + option.placeholder, option.help);
    text += "\n" + group.title + "\n" + two_columns(rows);
  }
  text += "\nGeneral\n" +
          two_columns({{"--job FILE", "read options from FILE: lines 'option = value', the command line wins"},
                       {"--help", "this text"}});
  if (!syntax.examples.empty()) text += "\nExamples\n";
  for (auto const& [line, meaning] : syntax.examples) text += "  " + line + "\n" + wrapped(meaning, 6);
  return text;
}

}  // namespace confer::app
