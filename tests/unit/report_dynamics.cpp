// The section of a dynamics result: words, measured points and theory as stored, flags of fits that mean nothing.
#include <gtest/gtest.h>

#include <cmath>

#include "confer/core/error.hpp"
#include "report/sections.hpp"

namespace confer::report {
namespace {

/// Three fits over four steps: two layers where the theory applies, one where it does not.
ResultSet synthetic_dynamics() {
  ResultSet results;
  results.dimensions = {{"fit", 3}, {"step", 4}};
  auto const add = [&](std::string const& name, std::vector<std::string> dimensions, VariableData data) {
    results.variables.push_back({name, std::move(dimensions), std::move(data), {}, false});
  };
  add("network", {"fit"}, std::vector<std::string>{"rich", "rich", "<s>lazy"});
  add("layer", {"fit"}, std::vector<std::string>{"hidden1", "hidden2", "hidden1"});
  add("input_a", {"fit"}, std::vector<Index>{0, 0, 3});
  add("input_b", {"fit"}, std::vector<Index>{1, 1, 7});
  add("applies", {"fit"}, std::vector<Index>{1, 1, 0});
  add("regime", {"fit"}, std::vector<double>{0.9, 0.5, 0.1});
  add("eta_h", {"fit"}, std::vector<double>{1e-3, 2e-3, 0});
  add("h_final_theory", {"fit"}, std::vector<double>{1.5, 2.5, std::nan("")});
  add("h_final", {"fit"}, std::vector<double>{1.4, 2.6, 0.3});
  add("step", {"step"}, std::vector<Index>{0, 10, 20, 40});
  std::vector<double> h, theory;
  for (int i = 0; i < 12; ++i) {
    h.push_back(0.125 * i);
    theory.push_back(0.12 * i);
  }
  add("h", {"fit", "step"}, h);
  add("h_theory", {"fit", "step"}, theory);
  results.attributes["command"] = std::string("dynamics");
  return results;
}

TEST(ReportDynamics, SaysWhereTheTheoryApplies) {
  auto const section = dynamics_section(synthetic_dynamics(), "dynamics.h5");
  std::string words;
  for (auto const& sentence : section.answer) words += sentence.str() + "\n";
  EXPECT_NE(words.find("<b>3 fits</b>"), words.npos) << words;
  EXPECT_NE(words.find("The theory applies to <b>2</b>"), words.npos) << words;
  EXPECT_NE(words.find("<b>between</b> 1, <b>rich</b> 1"), words.npos) << words;
  EXPECT_NE(words.find("most often in <b>hidden2</b> (1 of 1 fits)"), words.npos) << words;
}

TEST(ReportDynamics, FiguresHoldPointsAndTheory) {
  auto const results = synthetic_dynamics();
  auto const section = dynamics_section(results, "dynamics.h5");
  ASSERT_EQ(section.groups[0].figures.size(), 3u);
  auto const& curves = section.groups[0].figures[0];
  ASSERT_EQ(curves.columns["v"].size(), 12u);
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(curves.columns["v"][i].get<double>(), results.doubles("h")[i]);
    EXPECT_EQ(curves.columns["theory"][i].get<double>(), results.doubles("h_theory")[i]);
    EXPECT_EQ(curves.columns["step"][i].get<double>(), static_cast<double>(results.integers("step")[i % 4]));
  }
  EXPECT_EQ(section.groups[0].figures[1].columns["v"].size(), 2u) << "a rate of 0 has no place on a logarithmic axis";
  EXPECT_EQ(section.groups[0].figures[2].columns["fit"].size(), 2u) << "an unknown distance has no point";
  ASSERT_EQ(section.tables[0].second.rows.size(), 3u);
  EXPECT_EQ(section.tables[0].second.rows[2][1], "no");
}

TEST(ReportDynamics, HalfAFileIsRefused) {
  auto results = synthetic_dynamics();
  std::erase_if(results.variables, [](Variable const& v) { return v.name == "applies"; });
  EXPECT_THROW(dynamics_section(results, "dynamics.h5"), InputError);
}

}  // namespace
}  // namespace confer::report
