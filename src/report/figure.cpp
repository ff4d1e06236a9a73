#include "report/figure.hpp"

#include <cmath>

namespace confer::report {

Json specification(std::string const& description) {
  return {{"$schema", "https://vega.github.io/schema/vega-lite/v6.json"},
          {"description", description},
          {"width", "container"},
          {"height", "container"},
          {"autosize", {{"type", "fit"}, {"contains", "padding"}, {"resize", true}}},
          {"data", {{"name", "rows"}}},
          {"params", Json::array()},
          {"transform", Json::array()}};
}

Json parameter(std::string const& name, Json value) { return {{"name", name}, {"value", std::move(value)}}; }

Json choice(std::string const& name, std::string const& label, std::vector<std::string> const& values,
            std::vector<std::string> const& labels) {
  return {{"name", name},
          {"value", values.front()},
          {"bind", {{"input", "select"}, {"options", values}, {"labels", labels}, {"name", label + " "}}}};
}

Json exact(std::string const& field, std::string const& title) {
  return {{"field", field}, {"type", "nominal"}, {"title", title}};
}

Json dash_legend() {
  Json symbols;
  for (auto const& [name, value] : std::initializer_list<std::pair<char const*, Json>>{
           {"stroke", "#3c4654"}, {"strokeWidth", 1.8}, {"fill", "transparent"}, {"fillOpacity", 1}, {"opacity", 1}})
    symbols[name] = {{"value", value}};
  return {{"symbolType", "stroke"}, {"symbolSize", 220}, {"encoding", {{"symbols", symbols}}}};
}

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json calculate(std::string const& expression, std::string const& field) {
  return {{"calculate", expression}, {"as", field}};
}

}  // namespace confer::report
