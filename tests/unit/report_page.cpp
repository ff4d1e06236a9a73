// The whole page: what is in it, what cannot get into it, how large it becomes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/report/html.hpp"
#include "report/markup.hpp"
#include "report/page.hpp"
#include "report/sections.hpp"
#include "support/synthetic_results.hpp"

namespace confer {
namespace {

using report::Section;
using report::VegaBundle;
using testing::synthetic_comparison;
using testing::SyntheticComparison;

VegaBundle const stand_in{"var vega = '</script><!--';", "var vegaLite;", "var vegaEmbed;", "a licence"};

std::string page(std::vector<Section> const& sections, VegaBundle const& bundle = stand_in) {
  std::ostringstream out;
  report::write_page(out, "title", sections, bundle);
  return out.str();
}

std::size_t count(std::string const& text, std::string const& part) {
  std::size_t times = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++times;
  return times;
}

nlohmann::json figures_of(std::string const& html) {
  std::string const open = "id=\"figures\">";
  auto const begin = html.find(open) + open.size();
  return nlohmann::json::parse(html.substr(begin, html.find("</script>", begin) - begin));
}

TEST(ReportPage, HostileNamesAreData) {
  std::string const hostile =
      "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;\xe2\x80\xa8\x1b[31m\n\xff";
  SyntheticComparison s;
  s.networks = {hostile, "net-b", "net-c"};
  s.layers = {"<b>bold</b>", "${7*7}", "datum.v; alert(3)"};
  s.family = {"<i>x</i>", "y", "y"};
  s.coefficients = true;
  ResultSet results = synthetic_comparison(s);
  results.attributes["job"] = hostile;
  results.attributes[hostile] = hostile;
  auto const html = page({report::compare_section(results, "results.h5")});
  EXPECT_EQ(html.find("<script>alert"), html.npos);
  EXPECT_EQ(html.find("<img"), html.npos);
  EXPECT_EQ(html.find("<b>bold"), html.npos);
  EXPECT_EQ(html.find("<i>x"), html.npos);
  EXPECT_EQ(html.find('\xff'), html.npos);
  EXPECT_EQ(html.find("\xe2\x80\xa8"), html.npos);
  EXPECT_EQ(html.find('\x1b'), html.npos);
  // Three bundles, their configuration, the data and the page's own script: nobody else opened or closed one.
  EXPECT_EQ(count(html, "<script"), 6u);
  EXPECT_EQ(count(html, "</script"), 6u);
  EXPECT_NE(html.find("&lt;script&gt;alert(1)"), html.npos) << "the name is shown as text";
  auto const figures = figures_of(html);
  EXPECT_NE(figures.dump().find("<img src=x onerror=alert(2)>"), std::string::npos) << "and is whole in the data";
}

TEST(ReportPage, NamesNeverEnterExpressions) {
  SyntheticComparison s;
  s.networks = {"EVIL1", "EVIL2", "EVIL3"};
  s.layers = {"EVIL4", "EVIL5"};
  s.family = {"EVIL6", "EVIL7", "EVIL7"};
  s.steps = {0, 10};
  s.coefficients = true;
  auto const figures = figures_of(page({report::compare_section(synthetic_comparison(s), "results.h5")}));
  std::set<std::string> const expressions = {"calculate", "filter", "expr", "test", "labelExpr"};
  std::function<void(nlohmann::json const&)> const search = [&](nlohmann::json const& value) {
    if (value.is_object())
      for (auto const& [key, member] : value.items()) {
        if (member.is_string() && expressions.contains(key)) {
          EXPECT_EQ(member.get<std::string>().find("EVIL"), std::string::npos) << member;
        }
        search(member);
      }
    if (value.is_array())
      for (auto const& member : value) search(member);
  };
  ASSERT_GE(figures.size(), 8u);
  for (auto const& figure : figures) search(figure);
}

TEST(ReportPage, NumbersAreThoseOfTheFile) {
  SyntheticComparison s;
  s.coefficients = true;
  auto const results = synthetic_comparison(s);
  auto const figures = figures_of(page({report::compare_section(results, "results.h5")}));
  bool found = false;
  for (auto const& figure : figures) {
    if (figure["file"] != "cka") continue;
    found = true;
    auto const& values = results.doubles("cka");
    ASSERT_EQ(figure["columns"]["v"].size(), values.size());
    for (std::size_t k = 0; k < values.size(); ++k) EXPECT_EQ(figure["columns"]["v"][k].get<double>(), values[k]);
    EXPECT_TRUE(figure["columns"]["n"][0].is_null()) << "no chance level on the diagonal";
    EXPECT_EQ(figure["columns"]["z"][1].get<double>(), results.doubles("cka_z")[1]);
  }
  EXPECT_TRUE(found);
  EXPECT_NE(figures.dump().find("0.987654321"), std::string::npos);
}

TEST(ReportPage, OpensWithTheAnswer) {
  SyntheticComparison s;
  s.family = {"one", "two", "two"};
  auto const section = report::compare_section(synthetic_comparison(s), "results.h5");
  std::string answer;
  for (auto const& sentence : section.answer) answer += sentence.str() + "\n";
  EXPECT_NE(answer.find("<b>9 representations</b> compared: 3 networks, 3 layers"), answer.npos) << answer;
  // Largest planted value between different networks: the last pair of equal layers.
  EXPECT_NE(answer.find("<b>net-b@100/fc</b> and <b>net-c@100/fc</b> (<b>0.601</b>)"), answer.npos) << answer;
  EXPECT_NE(answer.find("<b>net-a@100/conv1</b> and <b>net-b@100/fc</b> (<b>0.2</b>)"), answer.npos) << answer;
  EXPECT_NE(answer.find("best told apart by <b>layer</b> (adjusted Rand index 1)"), answer.npos) << answer;
  EXPECT_NE(answer.find("3 clusters"), answer.npos) << answer;
  EXPECT_NE(answer.find("All 36 pairs"), answer.npos) << answer;
  EXPECT_TRUE(section.warnings.empty());
}

TEST(ReportPage, WarnsOfWhatIsMissing) {
  ResultSet results = synthetic_comparison({});
  for (auto& variable : results.variables) {
    if (variable.name == "status") std::get<std::vector<std::string>>(variable.data)[0] = "constant";
    if (variable.name == "warnings")
      std::get<std::vector<std::string>>(variable.data)[1] = "2 constant neurons left out";
    if (variable.name == "pair_status")
      for (std::size_t j = 1; j < 9; ++j)
        std::get<std::vector<Index>>(variable.data)[j] = std::get<std::vector<Index>>(variable.data)[9 * j] = 2;
    if (variable.name == "cka")
      for (std::size_t j = 0; j < 9; ++j)
        std::get<std::vector<double>>(variable.data)[j] = std::get<std::vector<double>>(variable.data)[9 * j] =
            std::nan("");
  }
  results.dimensions.emplace_back("refusal", 1);
  results.variables.push_back({"refused", {"refusal"}, std::vector<std::string>{"net-x@3"}, {}, false});
  results.variables.push_back({"refused_reason", {"refusal"}, std::vector<std::string>{"truncated"}, {}, false});
  auto const section = report::compare_section(results, "results.h5");
  std::string warnings;
  for (auto const& sentence : section.warnings) warnings += sentence.str() + "\n";
  EXPECT_NE(warnings.find("Refused: <b>net-x@3</b> (truncated)"), warnings.npos) << warnings;
  EXPECT_NE(warnings.find("<b>status constant</b>: 1 representation (net-a@100/conv1)"), warnings.npos) << warnings;
  EXPECT_NE(warnings.find("<b>2 constant neurons left out</b>"), warnings.npos) << warnings;
  EXPECT_NE(warnings.find("<b>8 pairs: representation_failed</b>"), warnings.npos) << warnings;
}

TEST(ReportPage, WithoutBundlesTablesStandOpenAndThePageSaysSo) {
  auto const html = page({report::compare_section(synthetic_comparison({}), "results.h5")}, {});
  EXPECT_NE(html.find("built without the Vega bundles"), html.npos);
  EXPECT_EQ(html.find("<script"), html.npos);
  EXPECT_EQ(html.find("<summary>Numbers"), html.npos);
  EXPECT_NE(html.find("<td>net-b/conv2</td><td>0.3</td>"), html.npos) << "rows of the matrix are there";
}

TEST(ReportPage, NothingIsLoadedFromElsewhere) {
  auto const html = page({report::compare_section(synthetic_comparison({}), "results.h5")});
  EXPECT_NE(html.find("default-src 'none'"), html.npos);
  EXPECT_EQ(html.find("src=\"http"), html.npos);
  EXPECT_EQ(html.find("<link"), html.npos);
  EXPECT_EQ(html.find("@import"), html.npos);
}

TEST(ReportPage, ManyRepresentationsStaySmall) {
  SyntheticComparison s;
  s.networks.clear();
  for (int n = 0; n < 100; ++n) s.networks.push_back("network-with-a-rather-long-name-" + std::to_string(n));
  s.layers = {"l1", "l2", "l3", "l4"};
  s.steps = {10};  // 400 representations: beyond what is shown pair by pair
  auto const html = page({report::compare_section(synthetic_comparison(s), "results.h5")});
  EXPECT_LT(html.size(), 6u << 20);
  for (auto const& figure : figures_of(html))
    if (figure["file"] == "cka") {
      std::size_t const cells = 100;  // four rows share one, in each of three orders
      EXPECT_EQ(figure["columns"]["v"].size(), 3 * cells * cells);
      EXPECT_EQ(figure["renderer"], "canvas");
    }
}

TEST(ReportPage, OtherFilesAreRefused) {
  std::ostringstream out;
  ResultSet results = synthetic_comparison({});
  results.attributes["command"] = std::string("bake");
  EXPECT_THROW(write_html_report(out, {{"cake.h5", results}}), InputError);
  results = synthetic_comparison({});
  std::erase_if(results.variables, [](Variable const& v) { return v.name == "label"; });
  try {
    write_html_report(out, {{"half.h5", results}});
    FAIL() << "a comparison without labels was accepted";
  } catch (InputError const& error) {
    EXPECT_NE(std::string(error.what()).find("half.h5"), std::string::npos) << error.what();
  }
}

TEST(ReportFigures, StandAlone) {
  SyntheticComparison s;
  s.networks = {"../../etc/x", "net-b", "net-c"};
  auto const results = synthetic_comparison(s);
  auto const figures = report_figures({{"a.h5", results}, {"b.h5", results}});
  std::set<std::string> names;
  for (auto const& figure : figures) {
    EXPECT_TRUE(names.insert(figure.name).second) << figure.name;
    EXPECT_EQ(figure.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-"), std::string::npos);
    auto const spec = nlohmann::json::parse(figure.specification);
    EXPECT_TRUE(spec["width"].is_number() && spec["height"].is_number()) << "no page gives it a size";
    EXPECT_TRUE(spec.contains("config"));
    if (figure.name == "1-cka") {
      EXPECT_EQ(spec["datasets"]["rows"][5]["v"].get<double>(), results.doubles("cka")[5]);
      EXPECT_EQ(spec["datasets"]["rows"][5]["k"], 5);
    }
  }
  EXPECT_TRUE(names.contains("1-cka") && names.contains("2-cka"));
  EXPECT_EQ(figure_program().empty(), !report_has_figures());
}

TEST(ReportMarkup, ScriptsCannotBeClosed) {
  EXPECT_EQ(report::script_body("a = '</script>'; b = '</SCRIPT>'; c = '<!-- '"),
            "a = '<\\/script>'; b = '<\\/SCRIPT>'; c = '<\\!-- '");
  auto const json = report::script_json({{"x", "</script>\xe2\x80\xa9&"}});
  EXPECT_EQ(json, "{\"x\":\"\\u003c/script\\u003e\\u2029\\u0026\"}");
  EXPECT_EQ(nlohmann::json::parse(json)["x"], "</script>\xe2\x80\xa9&");
}

}  // namespace
}  // namespace confer
