#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "run/compare_plan.hpp"
#include "run/derived_matrices.hpp"
#include "run/earlier_results.hpp"
#include "run/pair_table.hpp"

namespace confer {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

std::vector<PairScores> some_scores() {
  std::vector<PairScores> scores(3);
  for (Index i = 0; i < 3; ++i) {
    auto& pair = scores[static_cast<std::size_t>(i)];
    pair.row = i + 1;
    pair.col = i;
    auto const x = static_cast<double>(i);
    pair.forward = {0.5 + x, x == 1 ? nan : 2 * x};
    pair.backward = {0.25 + x, x == 1 ? nan : 2 * x};  // the second measure is symmetric
    pair.above_edge = x;
  }
  return scores;
}

TEST(PairTable, RecordsCarryEveryScore) {
  PairBlock const block = decode_piece(encode_piece(42, some_scores()));
  EXPECT_EQ(block.piece, 42);
  EXPECT_EQ(block.rows, (std::vector<std::int32_t>{1, 2, 3}));
  ASSERT_EQ(block.forward.size(), 2u);
  EXPECT_FALSE(block.backward[0].empty());
  EXPECT_TRUE(block.backward[1].empty());
  PairTable table(4, select_measures({"pwcca", "cca"}));
  table.enter(block, {0, 1});
  EXPECT_EQ(table.value(0, 3, 2), 2.5);
  EXPECT_EQ(table.value(0, 2, 3), 2.25);
  EXPECT_EQ(table.value(1, 1, 0), 0);
  EXPECT_EQ(table.value(1, 2, 3), 4);
  EXPECT_TRUE(std::isnan(table.value(1, 1, 2)));
  EXPECT_TRUE(std::isnan(table.value(0, 0, 2)));  // nobody computed it
  EXPECT_EQ(table.above_edge[3 * 4 + 2], 2);
  EXPECT_EQ(table.above_edge[2 * 4 + 3], 2);
}

TEST(PairTable, OnlyCcaHoldsWhatIsAboveTheEdge) {
  EXPECT_TRUE(PairTable(4, select_measures({"pwcca", "svcca"})).above_edge.empty());
  PairTable table(4, select_measures({"pwcca", "svcca"}));
  table.enter(decode_piece(encode_piece(0, some_scores())), {0, 1});
  EXPECT_EQ(table.value(0, 1, 0), 0.5);
}

TEST(PairTable, CoefficientsTravelWithTheirPairs) {
  auto scores = some_scores();
  scores[0].coefficients = {0.9, 0.1};
  scores[2].coefficients = {0.8};
  PairTable table(4, select_measures({"pwcca", "cca"}));
  table.enter(decode_piece(encode_piece(0, scores)), {0, 1});
  EXPECT_EQ((table.coefficients[{0, 1}]), (std::vector<double>{0.9, 0.1}));
  EXPECT_EQ((table.coefficients[{2, 3}]), (std::vector<double>{0.8}));
}

TEST(PairTable, DamagedRecordsAreRefused) {
  std::string const record = encode_piece(1, some_scores());
  for (std::size_t length = 0; length < record.size(); length += 7)
    EXPECT_THROW(decode_piece(record.substr(0, length)), std::runtime_error) << length;
  EXPECT_EQ(decode_piece(encode_piece(3, {})).rows.size(), 0u);
}

TEST(PairBits, RememberPairsInEitherOrder) {
  PairBits bits(50);
  for (Index i = 0; i < 50; ++i)
    for (Index j = 0; j <= i; ++j)
      if ((i * 7 + j * 3) % 5 == 0) bits.set(i, j);
  for (Index i = 0; i < 50; ++i)
    for (Index j = 0; j <= i; ++j) {
      EXPECT_EQ(bits.test(i, j), (i * 7 + j * 3) % 5 == 0);
      EXPECT_EQ(bits.test(j, i), bits.test(i, j));
    }
}

/// Four checkpoints of two layers: the last on other inputs, the third of other samples.
struct Selected {
  Selected() {
    for (Index c = 0; c < 4; ++c) {
      Checkpoint checkpoint;
      checkpoint.network = c < 2 ? "same" : "net" + std::to_string(c);
      checkpoint.inputs_id = c == 3 ? "other" : "inputs";
      checkpoint.total_samples = c == 2 ? 50 : 100;
      checkpoint.step = c;
      for (char const* name : {"low", "high"}) {
        LayerInfo layer;
        layer.name = name;
        layer.axes = {Axis::sample, Axis::neuron};
        layer.extents = {checkpoint.total_samples, 10};
        checkpoint.layers.push_back(layer);
      }
      catalog.checkpoints.push_back(checkpoint);
    }
    representations = select_representations(catalog, {});
    set.summaries.resize(representations.size());
    for (auto& summary : set.summaries) {
      summary.rows = 100;
      summary.singular_values.assign(10, 1.0);
    }
  }
  PairRule rule(PairSelection const& selection) const { return {catalog, representations, set, selection}; }

  Catalog catalog;
  std::vector<Representation> representations;
  FactoredSet set;
};

TEST(PairRule, SaysOfEveryPairWhyItIsNotComputed) {
  Selected selected;
  ASSERT_EQ(selected.representations.size(), 8u);
  selected.set.summaries[1].status = RepresentationStatus::constant;
  PairRule const all = selected.rule({});
  for (Index i = 0; i < 8; ++i)
    for (Index j = 0; j < 8; ++j) {
      auto const& a = selected.representations[static_cast<std::size_t>(i)];
      auto const& b = selected.representations[static_cast<std::size_t>(j)];
      bool const failed = i == 1 || j == 1;
      bool const same = comparability(selected.catalog, a, b) == Comparability::ok;
      EXPECT_EQ(all(i, j) == PairStatus::representation_failed, failed);
      if (!failed) {
        EXPECT_EQ(all.computes(i, j), same) << i << " " << j;
      }
    }
  EXPECT_EQ(all(0, 4), PairStatus::other_samples);
  EXPECT_EQ(all(0, 6), PairStatus::other_inputs);
  EXPECT_EQ(all(1, 6), PairStatus::representation_failed);
}

TEST(PairRule, KeepsToTheSelection) {
  Selected const selected;
  using Kind = PairSelection::Kind;
  PairRule const cross = selected.rule({Kind::cross_network, ""}), same = selected.rule({Kind::same_layer, ""}),
                 to = selected.rule({Kind::to, "same@0/*"});
  EXPECT_EQ(cross(0, 3), PairStatus::not_selected);
  EXPECT_EQ(cross(0, 4), PairStatus::other_samples);
  EXPECT_TRUE(same.computes(0, 2));
  EXPECT_EQ(same(0, 3), PairStatus::not_selected);
  EXPECT_TRUE(to.computes(3, 1));
  EXPECT_EQ(to(3, 2), PairStatus::not_selected);
}

TEST(PairStatusRows, MarksWhatIsForcedAndWhatIsUndefined) {
  Selected selected;
  selected.set.summaries[2].singular_values.assign(95, 1.0);
  PairRule const rule = selected.rule({});
  PairStatusRows const rows(rule, selected.set.summaries);
  PairTable table(8, select_measures({"svcca", "cka"}));
  for (auto& values : table.values) values.assign(64, 0.5);
  table.value(1, 0, 3) = nan;
  auto const counts = rows.count(table);
  ResultSet results;
  results.dimensions = {{"a", 8}, {"b", 8}};
  for (std::size_t m = 0; m < 2; ++m)
    results.variables.push_back({table.measures[m]->name, {"a", "b"}, table.values[m], {}, false});
  std::vector<Index> status(64);
  rows.rows({"svcca", "cka"}).fill(results, 0, status);
  EXPECT_EQ(status[0 * 8 + 1], static_cast<Index>(PairStatus::ok));
  EXPECT_EQ(status[0 * 8 + 2], static_cast<Index>(PairStatus::saturated));
  EXPECT_EQ(status[0 * 8 + 3], static_cast<Index>(PairStatus::undefined));
  EXPECT_EQ(status[3 * 8 + 0], static_cast<Index>(PairStatus::ok));
  for (std::size_t s = 0; s < counts.size(); ++s)
    EXPECT_EQ(counts[s], std::count(status.begin(), status.end(), static_cast<Index>(s))) << s;
  std::vector<Index> part(16);
  rows.rows({"svcca", "cka"}).fill(results, 2, part);
  EXPECT_TRUE(std::equal(part.begin(), part.end(), status.begin() + 16));
}

}  // namespace
}  // namespace confer
