// The section of a match: words, figures with the file's numbers, and what happens where values are missing.
#include <gtest/gtest.h>

#include <cmath>

#include "confer/core/error.hpp"
#include "report/sections.hpp"

namespace confer::report {
namespace {

/// Two layers of two networks with two neurons each; the second pair has no values.
ResultSet synthetic_match() {
  ResultSet results;
  results.dimensions = {{"pair", 2},    {"direction", 2}, {"neuron", 2},
                        {"penalty", 2}, {"partner", 2},   {"representation", 2}};
  double const nan = std::nan("");
  auto const add = [&](std::string const& name, std::vector<std::string> dimensions, VariableData data) {
    results.variables.push_back({name, std::move(dimensions), std::move(data), {}, false});
  };
  using Texts = std::vector<std::string>;
  using Numbers = std::vector<double>;
  using Counts = std::vector<Index>;
  add("pair", {"pair"}, Texts{"<u>a@1/in ~ b@1/in", "a@1/out ~ b@1/out"});
  add("network_a", {"pair"}, Texts{"<u>a", "<u>a"});
  add("network_b", {"pair"}, Texts{"b", "b"});
  add("layer_a", {"pair"}, Texts{"in", "out"});
  add("layer_b", {"pair"}, Texts{"in", "out"});
  add("step_a", {"pair"}, Counts{1, 1});
  add("step_b", {"pair"}, Counts{1, 1});
  add("pair_status", {"pair"}, Counts{0, 2});
  results.variables.back().attributes["flag_meanings"] = std::string("ok representation_failed other_inputs");
  add("semi", {"pair", "direction"}, Numbers{0.9, 0.8, nan, nan});
  add("one_to_one", {"pair"}, Numbers{0.75, nan});
  add("one_to_one_rotated", {"pair"}, Numbers{0.25, nan});
  add("one_to_one_shuffled", {"pair"}, Numbers{0.125, nan});
  add("agreement", {"pair"}, Numbers{0.5, nan});
  add("best_correlation", {"pair", "direction", "neuron"}, Numbers{0.8, 1, 0.7, 0.9, nan, nan, nan, nan});
  add("best_correlation_shuffled", {"pair", "direction", "neuron"}, Numbers{0.1, 0.2, 0.1, 0.1, nan, nan, nan, nan});
  add("matched_correlation", {"pair", "neuron"}, Numbers{0.7, 0.8, nan, nan});
  add("matched_correlation_rotated", {"pair", "neuron"}, Numbers{0.3, 0.2, nan, nan});
  add("penalty", {"penalty"}, Numbers{0, 0.1});
  add("prediction_error", {"pair", "direction", "penalty"}, Numbers{0.1, 0.2, 0.3, 0.4, nan, nan, nan, nan});
  add("prediction_weights", {"pair", "direction", "penalty"}, Numbers{2, 1, 2, 0, nan, nan, nan, nan});
  add("order_a", {"pair", "neuron"}, Counts{1, 0, -1, -1});
  add("order_b", {"pair", "neuron"}, Counts{0, 1, -1, -1});
  add("correlation", {"pair", "neuron", "partner"}, Numbers{0.5, 0.7, 0.8, -0.25, nan, nan, nan, nan});
  add("label", {"representation"}, Texts{"<u>a@1/in", "b@1/in"});
  add("features", {"representation"}, Counts{3, 2});
  add("dead_neurons", {"representation"}, Counts{1, 0});
  results.attributes["command"] = std::string("match");
  return results;
}

TEST(ReportMatch, SaysHowWellNeuronsCorrespondAndWhatIsMissing) {
  auto const section = match_section(synthetic_match(), "m.h5");
  std::string words, warnings;
  for (auto const& sentence : section.answer) words += sentence.str() + "\n";
  for (auto const& warning : section.warnings) warnings += warning.str() + "\n";
  EXPECT_NE(words.find("correlate by <b>0.75</b> on average, against <b>0.25</b>"), words.npos) << words;
  EXPECT_NE(words.find("<b>50 %</b> of the neurons in in"), words.npos) << words;
  EXPECT_NE(warnings.find("not matched, other_inputs</b>: 1 pair (a@1/out ~ b@1/out)"), warnings.npos) << warnings;
  EXPECT_NE(warnings.find("1 of 3 neurons</b> of &lt;u&gt;a@1/in"), warnings.npos) << warnings;
}

TEST(ReportMatch, FiguresHoldTheNumbers) {
  auto const section = match_section(synthetic_match(), "m.h5");
  ASSERT_EQ(section.groups.size(), 1u);
  auto const& figures = section.groups[0].figures;
  ASSERT_EQ(figures.size(), 4u) << "there are no clusters";
  EXPECT_EQ(figures[1].columns["v"], Json::array({1, 0.8, 0.8, 0.7, 0.3, 0.2, 0.2, 0.1})) << "sorted, kind by kind";
  EXPECT_EQ(figures[2].columns["used"], Json::array({2, 1, 2, 0}));
  EXPECT_EQ(figures[3].columns["v"], Json::array({0.5, 0.7, 0.8, -0.25, 0.8, -0.25, 0.5, 0.7})) << "rows, then order";
}

TEST(ReportMatch, HalfAFileIsRefused) {
  auto results = synthetic_match();
  std::erase_if(results.variables, [](Variable const& v) { return v.name == "one_to_one"; });
  EXPECT_THROW(match_section(results, "m.h5"), InputError);
}

}  // namespace
}  // namespace confer::report
