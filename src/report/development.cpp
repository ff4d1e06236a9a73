#include "report/development.hpp"

#include <set>

#include "confer/core/utf8.hpp"

namespace confer::report {

void Columns::add(Json const& row) {
  for (auto const& [name, value] : row.items()) {
    if (rows_ == 0) columns_[name] = Json::array();
    columns_[name].push_back(value);
  }
  ++rows_;
}

Json quantity(std::string const& field, std::string const& title) {
  return {{"field", field}, {"type", "quantitative"}, {"title", title}, {"scale", {{"zero", false}}}};
}

Json step_axis(std::vector<Index> const& steps) {
  std::set<Index> const ticks(steps.begin(), steps.end());
  return {{"field", "step"},
          {"type", "quantitative"},
          {"scale", {{"type", "symlog"}}},
          {"title", "training step"},
          {"axis",
           {{"values", std::vector<Index>(ticks.begin(), ticks.end())},
            {"labelExpr", "format(datum.value, ',')"},
            {"labelOverlap", "greedy"}}}};
}

Json depth_colour(std::vector<std::string> const& layers) {
  return {{"field", "layer"}, {"type", "ordinal"},
          {"sort", layers},   {"scale", {{"scheme", "viridis"}}},
          {"title", "layer"}, {"legend", {{"labelLimit", 140}, {"symbolLimit", 24}}}};
}

std::vector<std::string> shown_texts(ResultSet const& results, std::string const& name) {
  std::vector<std::string> texts;
  for (auto const& text : results.strings(name)) texts.push_back(printable(text));
  return texts;
}

}  // namespace confer::report
