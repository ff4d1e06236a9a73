#include "confer/similarity/describe.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string_view>

#include "confer/core/text.hpp"

namespace confer {

namespace {

constexpr std::size_t page_width = 120;

/// `text` from column `indent` on, broken at blanks.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string const margin(indent, ' ');
  std::string result, line = margin;
  for (auto const& word : split(text, ' ')) {
    if (line.size() > indent && line.size() + 1 + word.size() > page_width) {
      result += line + "\n";
      line = margin + "  ";
    } else if (line.size() > indent) {
      line += ' ';
    }
    line += word;
  }
  return result + line + "\n";
}

using Row = std::vector<std::string>;

Row properties(Measure const& measure) {
  return {measure.name,
          measure.kind == MeasureKind::similarity ? "similarity" : "distance",
          range_text(measure),
          measure.symmetric ? "yes" : "no",
          measure.has_chance() ? "yes" : "no",
          invariance_text(measure.row_invariances),
          invariance_text(measure.column_invariances)};
}

std::string bound_text(double value) {
  if (value == std::numbers::pi / 2) return "pi/2";
  return std::isinf(value) ? "inf" : format_number(value);
}

/// Text for a cell of a Markdown table, where a bar would end the cell.
std::string cell(std::string_view text) {
  std::string escaped;
  for (char c : text) escaped += c == '|' ? std::string("\\|") : std::string(1, c);
  return escaped;
}

}  // namespace

std::string invariance_text(unsigned invariances) {
  std::vector<std::string> names;
  if (invariances & invariant_translation) names.emplace_back("shift");
  if (invariances & invariant_linear) {
    names.emplace_back("linear maps");
  } else {
    if (invariances & invariant_scale) names.emplace_back("scale");
    if (invariances & invariant_orthogonal)
      names.emplace_back("rotation");
    else if (invariances & invariant_permutation)
      names.emplace_back("neuron order");
  }
  return names.empty() ? "nothing" : join(names, ", ");
}

std::string range_text(Measure const& measure) {
  return "[" + bound_text(measure.lowest) + ", " + bound_text(measure.highest) +
         (std::isinf(measure.highest) ? ")" : "]");
}

std::string measures_table(std::vector<Measure const*> const& measures) {
  std::vector<Row> rows = {
      {"measure", "kind", "range", "sym", "null", "row invariant to", "column invariant to"}};
  for (Measure const* measure : measures) rows.push_back(properties(*measure));
  std::vector<std::size_t> widths(rows.front().size());
  for (auto const& row : rows)
    for (std::size_t k = 0; k < row.size(); ++k) widths[k] = std::max(widths[k], row[k].size());

  std::string text;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::string line;
    for (std::size_t k = 0; k < rows[i].size(); ++k) {
      bool const last = k + 1 == rows[i].size();
      line += rows[i][k] + (last ? "" : std::string(widths[k] + 2 - rows[i][k].size(), ' '));
    }
    text += line + "\n";
    if (i == 0) continue;
    Measure const& measure = *measures[i - 1];
    text += wrapped(measure.long_name + std::string(measure.core ? " (core)" : ""), 4);
    text += wrapped(measure.formula, 4);
    text += wrapped(measure.reference, 4);
  }
  return text;
}

std::string measures_markdown() {
  std::string text =
      "| measure | what it is | formula | kind, range | symmetric | chance level | invariant to (row; column) | "
      "reference |\n|---|---|---|---|---|---|---|---|\n";
  for (Measure const* measure : all_measures()) {
    Row const p = properties(*measure);
    std::string const invariances = p[5] == p[6] ? p[5] : p[5] + "; " + p[6];
    text += "| `" + p[0] + "`" + (measure->core ? " (core)" : "") + " | " + cell(measure->long_name) + " | `" +
            cell(measure->formula) + "` | " + p[1] + " " + p[2] + " | " + p[3] + " | " + p[4] + " | " + invariances +
            " | " + cell(measure->reference) + " |\n";
  }
  return text;
}

}  // namespace confer
