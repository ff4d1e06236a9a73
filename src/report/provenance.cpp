#include <algorithm>

#include "confer/core/text.hpp"
#include "report/sections.hpp"

namespace confer::report {

namespace {

template <class T>
std::string list(std::vector<T> const& values) {
  std::vector<std::string> parts;
  for (auto const value : values) parts.push_back(format_number(static_cast<double>(value)));
  return join(parts, ", ");
}

struct Text {
  std::string operator()(double value) const { return format_number(value); }
  std::string operator()(Index value) const { return format_count(value); }
  std::string operator()(std::string const& value) const { return value; }
  std::string operator()(std::vector<double> const& values) const { return list(values); }
  std::string operator()(std::vector<Index> const& values) const { return list(values); }
  std::string operator()(std::vector<std::string> const& values) const { return join(values, ", "); }
};

}  // namespace

Table provenance(ResultSet const& results) {
  Table table;
  table.header = {"recorded", "value"};
  for (auto const& [name, value] : results.attributes) table.rows.push_back({name, std::visit(Text{}, value)});
  constexpr std::size_t most = 100;
  if (auto const* files = results.find("input_file"); files != nullptr)
    if (auto const* names = std::get_if<std::vector<std::string>>(&files->data)) {
      for (std::size_t i = 0; i < std::min(names->size(), most); ++i) table.rows.push_back({"input file", (*names)[i]});
      if (names->size() > most) table.omitted = "The first " + std::to_string(most) + " input files.";
    }
  return table;
}

}  // namespace confer::report
