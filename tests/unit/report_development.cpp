// Figures of dynamics beside its theory: the numbers of the file, and pages that stay small however much there is.
#include <gtest/gtest.h>

#include <cmath>

#include "confer/core/error.hpp"
#include "report/development.hpp"
#include "report/sections.hpp"

namespace confer::report {
namespace {

struct Builder {
  ResultSet results;
  void dimension(std::string name, std::size_t size) {
    results.dimensions.emplace_back(std::move(name), static_cast<Index>(size));
  }
  void add(std::string name, std::vector<std::string> dimensions, VariableData data) {
    results.variables.push_back({std::move(name), std::move(dimensions), std::move(data), {}, false});
  }
};

ResultSet sequences(std::size_t count, std::size_t times) {
  Builder b;
  b.dimension("sequence", count);
  b.dimension("time", times);
  std::vector<std::string> label, network, layer;
  std::vector<Index> step;
  for (std::size_t i = 0; i < count; ++i) {
    label.push_back("n@" + std::to_string(i) + "/rnn");
    network.push_back("n");
    layer.push_back("rnn");
    step.push_back(static_cast<Index>(i));
  }
  std::vector<double> values(count * times * times);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 1.0 / static_cast<double>(1 + i % 97);
  b.add("sequence", {"sequence"}, label);
  b.add("sequence_network", {"sequence"}, network);
  b.add("sequence_layer", {"sequence"}, layer);
  b.add("sequence_step", {"sequence"}, step);
  b.add("time_similarity", {"sequence", "time", "time_b"}, values);
  values.resize(count * times);
  b.add("time_to_last", {"sequence", "time"}, values);
  b.add("time_to_final", {"sequence", "time"}, values);
  b.results.attributes["command"] = std::string("dynamics");
  return b.results;
}

TEST(ReportDevelopment, TimeStepsAreThoseOfTheFile) {
  auto const results = sequences(2, 3);
  auto const figures = sequence_figures(results);
  ASSERT_EQ(figures.size(), 3u);
  auto const& values = results.doubles("time_similarity");
  ASSERT_EQ(figures[0].columns["v"].size(), 18u);
  for (std::size_t i = 0; i < 18; ++i) EXPECT_EQ(figures[0].columns["v"][i].get<double>(), values[i]);
  EXPECT_EQ(sequence_figures(sequences(1, 3)).size(), 2u) << "one training step has nothing to move towards";
}

TEST(ReportDevelopment, LongSequencesAreReduced) {
  auto const figures = sequence_figures(sequences(40, 300));
  EXPECT_LT(script_json(figures[0].columns).size(), 3'000'000u);
  EXPECT_LE(figures[0].marks, 48 * 48);
  EXPECT_NE(figures[0].reading.find("mean over 7 neighbouring"), std::string::npos) << figures[0].reading;
}

TEST(ReportDevelopment, ConvergenceWithGaps) {
  Builder b;
  b.dimension("series", 2);
  b.dimension("checkpoint", 3);
  b.dimension("direction", 2);
  double const nan = std::nan("");
  b.add("checkpoint", {"checkpoint"}, std::vector<Index>{0, 5, 9});
  b.add("series_network", {"series"}, std::vector<std::string>{"a<b>", "a<b>"});
  b.add("series_layer", {"series"}, std::vector<std::string>{"low", "high"});
  b.add("convergence", {"series", "checkpoint"}, std::vector<double>{0.5, 0.75, 1, 0.25, nan, 1});
  b.add("bottom_up", {"series"}, std::vector<double>{1, 1});
  b.add("stable", {"series", "checkpoint"}, std::vector<double>(6, nan));
  b.add("unstable", {"series", "checkpoint"}, std::vector<double>(6, nan));
  std::vector<double> const rho = {0.9, 0.1, 0.95, 0.2, 1, 1, 0.5, nan, nan, nan, 1, nan};
  b.add("convergence_correlation", {"series", "checkpoint", "direction"}, rho);
  b.results.attributes["command"] = std::string("dynamics");
  auto const section = dynamics_section(b.results, "d.h5");
  ASSERT_EQ(section.groups.size(), 1u);
  ASSERT_EQ(section.groups[0].figures.size(), 2u) << "no directions were followed";
  EXPECT_EQ(section.groups[0].figures[0].columns["v"], (Json{0.5, 0.75, 1.0, 0.25, 1.0}));
  EXPECT_EQ(section.groups[0].figures[1].columns["v"].size(), 8u);
  EXPECT_NE(section.answer[0].str().find("<b>1 of 1 network</b>"), std::string::npos) << section.answer[0].str();
}

TEST(ReportDevelopment, GroupsAndSweeps) {
  Builder b;
  b.dimension("group_pair", 6);
  b.dimension("clustering", 1);
  b.dimension("clustered_network", 2);
  double const nan = std::nan("");
  b.add("group_key", {"group_pair"}, std::vector<std::string>(6, "width"));
  b.add("group_layer", {"group_pair"}, std::vector<std::string>{"fc", "fc", "fc", "fc", "fc", "fc"});
  b.add("group_a", {"group_pair"}, std::vector<std::string>{"8", "8", "16", "8", "16", "32"});
  b.add("group_b", {"group_pair"}, std::vector<std::string>{"8", "16", "16", "32", "32", "32"});
  b.add("group_value_a", {"group_pair"}, std::vector<double>{8, 8, 16, 8, 16, 32});
  b.add("group_mean", {"group_pair"}, std::vector<double>{0.5, 0.25, 0.75, 0.125, 0.375, nan});
  b.add("group_low", {"group_pair"}, std::vector<double>{0.4, 0.2, nan, nan, nan, nan});
  b.add("group_high", {"group_pair"}, std::vector<double>{0.6, 0.3, nan, nan, nan, nan});
  b.add("group_pairs", {"group_pair"}, std::vector<Index>{3, 6, 1, 3, 2, 0});
  b.add("clustering_key", {"clustering"}, std::vector<std::string>{"width"});
  b.add("clustering_layer", {"clustering"}, std::vector<std::string>{"fc"});
  b.add("clustering_agreement", {"clustering"}, std::vector<double>{nan});
  b.add("clustered_network", {"clustered_network"}, std::vector<std::string>{"x", "y"});
  b.add("cluster", {"clustering", "clustered_network"}, std::vector<Index>{-1, -1});
  b.add("cluster_order", {"clustering", "clustered_network"}, std::vector<Index>{-1, -1});
  auto const figures = group_figures(b.results);
  EXPECT_EQ(figures[0].columns["v"], (Json{0.5, 0.25, 0.75, 0.125, 0.375}));
  EXPECT_TRUE(figures[0].columns["low"][2].is_null());
  EXPECT_EQ(figures[1].columns["x"], (Json{8.0, 16.0})) << "the sweep runs over groups with a value of their own";
  EXPECT_TRUE(figures[2].spec.is_null());
  auto const words = group_answer(b.results).at(0).str();
  EXPECT_NE(words.find("<b>0.562</b> within"), std::string::npos) << words;
}

TEST(ReportDevelopment, MeasuredBelowAndTheoryAboveTheDiagonal) {
  Builder b;
  b.dimension("structure", 1);
  b.dimension("moment", 2);
  b.dimension("structure_row", 2);
  b.dimension("structure_column", 2);
  b.dimension("step", 2);
  b.add("step", {"step"}, std::vector<Index>{0, 9});
  b.add("structure_network", {"structure"}, std::vector<std::string>{"net"});
  b.add("structure_layer", {"structure"}, std::vector<std::string>{"h"});
  b.add("structure_input", {"structure", "structure_row"}, std::vector<Index>{3, 7});
  b.add("structure_step", {"structure", "moment"}, std::vector<Index>{0, 9});
  b.add("structure_measured", {"structure", "moment", "structure_row", "structure_column"},
        std::vector<double>{0, 1, 1, 0, 0, 3, 3, 0});
  b.add("structure_predicted", {"structure", "moment", "structure_row", "structure_column"},
        std::vector<double>{0, 2, 2, 0, 0, 4, 4, 0});
  b.add("structure_correlation", {"structure", "step"}, std::vector<double>{1, 0.5});
  b.add("structure_initial", {"structure"}, std::vector<double>{0.1});
  b.add("structure_final", {"structure"}, std::vector<double>{0.2});
  auto const figures = structure_figures(b.results);
  EXPECT_EQ(figures[0].columns["v"], (Json{2.0, 1.0, 4.0, 3.0}));
  EXPECT_EQ(figures[0].columns["what"], (Json{"theory", "measured", "theory", "measured"}));
  EXPECT_EQ(figures[1].columns["v"], (Json{1.0, 0.5}));
}

TEST(ReportDevelopment, AFileWithoutAnyAnalysisIsRefused) {
  ResultSet results;
  results.attributes["command"] = std::string("dynamics");
  EXPECT_THROW(dynamics_section(results, "d.h5"), InputError);
}

}  // namespace
}  // namespace confer::report
