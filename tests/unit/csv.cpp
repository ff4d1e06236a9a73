#include "confer/report/csv.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "confer/core/error.hpp"

namespace confer {
namespace {

using Texts = std::vector<std::string>;

std::string table(ResultSet const& results, TableRequest const& request = {}) {
  std::ostringstream out;
  write_csv(results, request, out);
  return out.str();
}

ResultSet pairs() {
  ResultSet results;
  results.dimensions = {{"a", 2}, {"b", 2}, {"pair", 1}, {"component", 3}};
  results.variables = {
      {"label", {"a"}, Texts{"n@1/x", "m@2/y"}, {}, true},
      {"network", {"a"}, Texts{"n", "m"}, {}, true},
      {"step", {"a"}, std::vector<Index>{1, 2}, {}, true},
      {"layer", {"a"}, Texts{"x", "y"}, {}, true},
      {"label_b", {"b"}, Texts{"n@1/x", "m@2/y"}, {}, true},
      {"pwcca", {"a", "b"}, std::vector<double>{1, 0.25, 0.5, std::nan("")}, {}, false},
      {"pwcca_null", {"a", "b"}, std::vector<double>{0.1, 0.2, 0.3, 0.4}, {}, false},
      {"pair_status",
       {"a", "b"},
       std::vector<Index>{0, 0, 0, 3},
       {{"flag_values", std::vector<Index>{0, 3}}, {"flag_meanings", std::string("ok constant")}},
       false},
      {"canonical_correlation", {"pair", "component"}, std::vector<double>{0.5, 0.25, 0}, {}, false},
  };
  return results;
}

TEST(Csv, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(csv_field("net@1/conv"), "net@1/conv");
  EXPECT_EQ(csv_field(""), "");
  EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_field("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(csv_field("two\nlines"), "\"two\nlines\"");
  EXPECT_EQ(csv_field(" x"), "\" x\"");
}

TEST(Csv, TidyPairsHaveOneRowPerPairAndMeasure) {
  EXPECT_EQ(table(pairs()),
            "row,column,row_network,row_step,row_layer,column_network,column_step,column_layer,"
            "measure,value,null,z,status\n"
            "n@1/x,n@1/x,n,1,x,n,1,x,pwcca,1,0.1,,ok\n"
            "n@1/x,m@2/y,n,1,x,m,2,y,pwcca,0.25,0.2,,ok\n"
            "m@2/y,n@1/x,m,2,y,n,1,x,pwcca,0.5,0.3,,ok\n"
            "m@2/y,m@2/y,m,2,y,m,2,y,pwcca,NaN,0.4,,constant\n");
}

TEST(Csv, TidyPairsTellErrorsAndProbabilitiesWhereThereAreSome) {
  ResultSet results = pairs();
  results.variables.push_back({"pwcca_se", {"a", "b"}, std::vector<double>{std::nan(""), 0.01, 0.02, 0.5}, {}, false});
  results.variables.push_back({"pwcca_p", {"a", "b"}, std::vector<double>{1, 0.125, 0.25, 1}, {}, false});
  EXPECT_EQ(table(results),
            "row,column,row_network,row_step,row_layer,column_network,column_step,column_layer,"
            "measure,value,null,z,se,p,status\n"
            "n@1/x,n@1/x,n,1,x,n,1,x,pwcca,1,0.1,,NaN,1,ok\n"
            "n@1/x,m@2/y,n,1,x,m,2,y,pwcca,0.25,0.2,,0.01,0.125,ok\n"
            "m@2/y,n@1/x,m,2,y,n,1,x,pwcca,0.5,0.3,,0.02,0.25,ok\n"
            "m@2/y,m@2/y,m,2,y,m,2,y,pwcca,NaN,0.4,,0.5,1,constant\n");
}

TEST(Csv, WideIsTheMatrixWithLabels) {
  EXPECT_EQ(table(pairs(), {{"pwcca"}, TableShape::wide}), "a,n@1/x,m@2/y\nn@1/x,1,0.25\nm@2/y,0.5,NaN\n");
  EXPECT_EQ(table(pairs(), {{}, TableShape::wide}), table(pairs(), {{"pwcca"}, TableShape::wide}));
  EXPECT_EQ(table(pairs(), {{"pair_status"}, TableShape::wide}), "a,n@1/x,m@2/y\nn@1/x,ok,ok\nm@2/y,ok,constant\n");
  EXPECT_THROW(table(pairs(), {{"label"}, TableShape::wide}), UsageError);
  EXPECT_THROW(table(pairs(), {{"pwcca", "pwcca_null"}, TableShape::wide}), UsageError);
}

TEST(Csv, OtherVariablesAreTabledByDimension) {
  EXPECT_EQ(table(pairs(), {{"canonical_correlation"}, TableShape::tidy}),
            "pair,component,canonical_correlation\n0,0,0.5\n0,1,0.25\n0,2,0\n");
  EXPECT_THROW(table(pairs(), {{"canonical_correlation", "pwcca"}, TableShape::tidy}), UsageError);
}

TEST(Csv, PairsInAListHaveTheirLabels) {
  auto results = pairs();
  results.variables.push_back({"pair_a", {"pair"}, std::vector<Index>{0}, {}, true});
  results.variables.push_back({"pair_b", {"pair"}, std::vector<Index>{1}, {}, true});
  std::string const text = table(results, {{"canonical_correlation"}, TableShape::tidy});
  EXPECT_EQ(text,
            "component,row,column,canonical_correlation\n"
            "0,n@1/x,m@2/y,0.5\n1,n@1/x,m@2/y,0.25\n2,n@1/x,m@2/y,0\n");
}

TEST(Csv, MatricesThatAreNoMeasuresWaitToBeAskedFor) {
  auto results = pairs();
  results.variables.push_back({"cca_above_edge", {"a", "b"}, std::vector<double>(4, 2.0), {}, false});
  for (auto& variable : results.variables)
    if (variable.name == "pwcca") variable.attributes["kind"] = std::string("similarity");
  EXPECT_EQ(table(results), table(pairs()));
  EXPECT_NE(table(results, {{"cca_above_edge"}, TableShape::tidy}).find("cca_above_edge,2"), std::string::npos);
}

TEST(Csv, VariablesAskedForStandBesideTheirLabelsOnly) {
  auto results = pairs();
  results.variables.push_back({"a", {"a"}, Texts{"n@1/x", "m@2/y"}, {}, true});
  results.variables.push_back({"rank", {"a"}, std::vector<Index>{4, 5}, {}, true});
  results.variables.push_back({"seed", {"a"}, std::vector<Index>{6, 7}, {}, true});
  EXPECT_EQ(table(results, {{"rank"}, TableShape::tidy}),
            "label,network,step,layer,rank\nn@1/x,n,1,x,4\nm@2/y,m,2,y,5\n");
}

TEST(Csv, NamesThatTheResultsLackAreListed) {
  try {
    table(pairs(), {{"cca"}, TableShape::tidy});
    ADD_FAILURE();
  } catch (UsageError const& error) {
    EXPECT_NE(std::string(error.what()).find("'cca'"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("pwcca"), std::string::npos);
  }
}

TEST(Csv, WithoutPairsTheLeadingDimensionDecides) {
  ResultSet results;
  results.dimensions = {{"neuron", 2}, {"k", 2}, {"other", 1}};
  results.variables = {
      {"name", {"neuron"}, Texts{"=1+1", "a,b"}, {}, true},
      {"energy", {"neuron"}, std::vector<double>{0.5, 2}, {}, false},
      {"curve", {"neuron", "k"}, std::vector<double>{1, 2, 3, 4}, {}, false},
      {"apart", {"other"}, std::vector<double>{9}, {}, false},
  };
  std::ostringstream out;
  EXPECT_EQ(write_csv(results, {}, out), Texts{"apart"});
  EXPECT_EQ(out.str(), "k,name,energy,curve\n0,=1+1,0.5,1\n1,=1+1,0.5,2\n0,\"a,b\",2,3\n1,\"a,b\",2,4\n");
  EXPECT_EQ(table(results, {{"energy"}, TableShape::tidy}), "name,energy\n=1+1,0.5\n\"a,b\",2\n");
}

TEST(Csv, EmptyResultsKeepTheirHeader) {
  ResultSet results;
  results.dimensions = {{"a", 0}, {"b", 0}};
  results.variables = {{"label", {"a"}, Texts{}, {}, true}, {"cka", {"a", "b"}, std::vector<double>{}, {}, false}};
  EXPECT_EQ(table(results).find('\n'), table(results).size() - 1);
  EXPECT_EQ(table(results, {{"cka"}, TableShape::wide}), "a\n");
}

}  // namespace
}  // namespace confer
