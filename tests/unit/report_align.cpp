// The section of an alignment: words, figures with the file's numbers, and what happens where values are missing.
#include <gtest/gtest.h>

#include <cmath>

#include "confer/core/error.hpp"
#include "report/sections.hpp"

namespace confer::report {
namespace {

/// Two networks of two layers at steps 0 and 10, one target, three components; the second network has no values.
ResultSet synthetic_alignment() {
  ResultSet results;
  results.dimensions = {{"representation", 8}, {"target", 1}, {"component", 3}};
  std::vector<std::string> label, network, layer;
  std::vector<Index> step, depth;
  std::vector<double> mass, high;
  for (int n = 0; n < 2; ++n)
    for (Index const s : {0, 10})
      for (int l = 0; l < 2; ++l) {
        network.push_back(n == 0 ? "<u>one" : "two");
        layer.push_back(l == 0 ? "in" : "out");
        label.push_back(network.back() + "@" + std::to_string(s) + "/" + layer.back());
        step.push_back(s);
        depth.push_back(l);
        for (int k = 1; k <= 3; ++k) {
          double const value = 0.1 * k + 0.2 * l + (s > 0 ? 0.125 : 0);
          mass.push_back(n == 0 ? value : std::nan(""));
          high.push_back(n == 0 ? 0.35 : std::nan(""));
        }
      }
  auto const add = [&](std::string const& name, std::vector<std::string> dimensions, VariableData data) {
    results.variables.push_back({name, std::move(dimensions), std::move(data), {}, false});
  };
  add("label", {"representation"}, label);
  add("network", {"representation"}, network);
  add("layer", {"representation"}, layer);
  add("step", {"representation"}, step);
  add("depth", {"representation"}, depth);
  add("target", {"target"}, std::vector<std::string>{"labels"});
  add("mass", {"representation", "target", "component"}, mass);
  add("mass_shuffled_high", {"representation", "target", "component"}, high);
  add("mass_shuffled_low", {"representation", "target", "component"}, std::vector<double>(24, 0.01));
  add("target_status", {"representation", "target"}, std::vector<Index>{0, 0, 0, 0, 1, 1, 1, 1});
  results.variables.back().attributes["flag_meanings"] = std::string("ok missing");
  results.attributes["command"] = std::string("align");
  return results;
}

TEST(ReportAlign, SaysWhatIsBestAndWhatIsMissing) {
  auto const section = align_section(synthetic_alignment(), "align.h5");
  std::string words;
  for (auto const& sentence : section.answer) words += sentence.str() + "\n";
  EXPECT_NE(words.find("Best aligned with <b>labels</b> is <b>&lt;u&gt;one@10/out</b>"), words.npos) << words;
  EXPECT_NE(words.find("<b>62.5 %</b>"), words.npos) << words;
  EXPECT_NE(words.find("least <b>&lt;u&gt;one@0/in</b> (<b>30 %</b>)"), words.npos) << words;
  EXPECT_NE(words.find("1 of 4 is not above"), words.npos) << words;
  ASSERT_EQ(section.warnings.size(), 1u);
  EXPECT_NE(section.warnings[0].str().find("target missing</b>: 4 times"), std::string::npos)
      << section.warnings[0].str();
}

TEST(ReportAlign, FiguresHoldTheNumbersAndOnlyNetworksThatHaveSome) {
  auto const results = synthetic_alignment();
  auto const section = align_section(results, "align.h5");
  ASSERT_EQ(section.groups.size(), 1u);
  ASSERT_EQ(section.groups[0].figures.size(), 2u)
      << "two steps make no curve over training, and there are no thresholds";
  auto const& mass = section.groups[0].figures[1];
  ASSERT_EQ(mass.columns["v"].size(), 12u);
  for (std::size_t i = 0; i < 12; ++i) EXPECT_EQ(mass.columns["v"][i].get<double>(), results.doubles("mass")[i]);
  for (auto const& parameter : mass.spec["params"])
    if (parameter["name"] == "network") {
      EXPECT_EQ(parameter["bind"]["options"], Json::array({"<u>one"}));
    }
}

TEST(ReportAlign, HalfAFileIsRefused) {
  auto results = synthetic_alignment();
  std::erase_if(results.variables, [](Variable const& v) { return v.name == "mass"; });
  EXPECT_THROW(align_section(results, "align.h5"), InputError);
}

}  // namespace
}  // namespace confer::report
