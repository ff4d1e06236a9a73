#include "confer/model/factor_summary.hpp"

#include <array>
#include <nlohmann/json.hpp>

namespace confer {

namespace {
constexpr std::array<char const*, 6> names = {"ok", "rank_deficient", "saturated", "constant", "nonfinite", "unreadable"};
}

std::string to_string(RepresentationStatus status) { return names.at(static_cast<std::size_t>(status)); }

bool usable(RepresentationStatus status) { return status <= RepresentationStatus::saturated; }

std::string to_json(FactorSummary const& s) {
  return nlohmann::json{{"status", static_cast<int>(s.status)},
                        {"detail", s.detail},
                        {"rows", s.rows},
                        {"features", s.features},
                        {"unit", s.unit},
                        {"singular_values", s.singular_values},
                        {"components", s.components},
                        {"kept", s.kept},
                        {"total_variance", s.total_variance},
                        {"sum_fourth_powers", s.sum_fourth_powers},
                        {"sum_squared_row_norms", s.sum_squared_row_norms},
                        {"tau", s.tau},
                        {"cut", s.cut},
                        {"constant_features", s.constant_features},
                        {"levels", s.levels},
                        {"means", s.means}}
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

FactorSummary factor_summary_from_json(std::string const& text) {
  auto const json = nlohmann::json::parse(text);
  FactorSummary s;
  s.status = static_cast<RepresentationStatus>(json.at("status").get<int>());
  json.at("detail").get_to(s.detail);
  json.at("rows").get_to(s.rows);
  json.at("features").get_to(s.features);
  json.at("unit").get_to(s.unit);
  json.at("singular_values").get_to(s.singular_values);
  json.at("components").get_to(s.components);
  json.at("kept").get_to(s.kept);
  json.at("total_variance").get_to(s.total_variance);
  json.at("sum_fourth_powers").get_to(s.sum_fourth_powers);
  json.at("sum_squared_row_norms").get_to(s.sum_squared_row_norms);
  json.at("tau").get_to(s.tau);
  json.at("cut").get_to(s.cut);
  json.at("constant_features").get_to(s.constant_features);
  json.at("levels").get_to(s.levels);
  json.at("means").get_to(s.means);
  return s;
}

}  // namespace confer
