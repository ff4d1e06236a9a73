/// The table of measures in words.
#include <gtest/gtest.h>

#include <algorithm>

#include "confer/core/text.hpp"
#include "confer/similarity/describe.hpp"

namespace confer {
namespace {

TEST(Describe, NamesTheStrongestInvariances) {
  EXPECT_EQ(invariance_text(invariant_none), "nothing");
  EXPECT_EQ(invariance_text(find_measure("cca")->row_invariances), "shift, linear maps");
  EXPECT_EQ(invariance_text(find_measure("cka")->row_invariances), "shift, scale, rotation");
  EXPECT_EQ(invariance_text(find_measure("pwcca")->row_invariances), "shift, scale, neuron order");
}

TEST(Describe, WritesRanges) {
  EXPECT_EQ(range_text(*find_measure("cka_debiased")), "[-1, 1]");
  EXPECT_EQ(range_text(*find_measure("procrustes_angle")), "[0, pi/2]");
}

TEST(Describe, TableHoldsEveryMeasureWithinThePage) {
  std::string const table = measures_table(all_measures());
  for (auto const& line : split(table, '\n')) EXPECT_LE(line.size(), 120u) << line;
  for (Measure const* measure : all_measures()) {
    EXPECT_NE(table.find(std::string("\n") + measure->name + " "), std::string::npos) << measure->name;
    EXPECT_NE(table.find(measure->reference), std::string::npos) << measure->name;
  }
}

TEST(Describe, LongFormulasAreWrapped) {
  std::string const formula(50, 'x');
  Measure measure = *find_measure("cka");
  std::string const words = formula + " " + formula + " " + formula;
  measure.formula = words.c_str();
  std::string const table = measures_table({&measure});
  EXPECT_NE(table.find("    " + formula + " " + formula + "\n      " + formula + "\n"), std::string::npos) << table;
}

TEST(Describe, MarkdownRowsHaveEightCellsWhateverTheFormula) {
  auto const lines = split(measures_markdown(), '\n');
  ASSERT_EQ(lines.size(), all_measures().size() + 3);  // head, rule, and an empty piece after the last line
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
    std::string bars;
    for (std::size_t k = 0; k < lines[i].size(); ++k)
      if (lines[i][k] == '|' && (k == 0 || lines[i][k - 1] != '\\')) bars += '|';
    EXPECT_EQ(bars.size(), 9u) << lines[i];
  }
}

}  // namespace
}  // namespace confer
