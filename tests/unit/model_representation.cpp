#include <gtest/gtest.h>

#include "confer/core/error.hpp"
#include "confer/model/representation.hpp"

namespace confer {
namespace {

LayerInfo layer(std::string name, std::vector<Axis> axes, std::vector<Index> extents) {
  LayerInfo info;
  info.name = std::move(name);
  info.axes = std::move(axes);
  info.extents = std::move(extents);
  return info;
}

// Networks a (steps 0, 10, 500) and b (steps 0, 20), 100 samples each, layers "conv" (8 channels, 4 x 2) and "fc.1".
Catalog catalog() {
  Catalog result;
  for (auto const& [network, step] :
       {std::pair<std::string, Index>{"a", 0}, {"a", 10}, {"a", 500}, {"b", 0}, {"b", 20}}) {
    Checkpoint checkpoint;
    checkpoint.network = network;
    checkpoint.step = step;
    checkpoint.inputs_id = "x";
    checkpoint.total_samples = 100;
    checkpoint.layers = {layer("conv", {Axis::sample, Axis::neuron, Axis::height, Axis::width}, {100, 8, 4, 2}),
                         layer("fc.1", {Axis::neuron, Axis::sample}, {5, 100})};
    result.checkpoints.push_back(checkpoint);
  }
  return result;
}

std::vector<std::string> labels(Selection const& selection) {
  std::vector<std::string> result;
  for (auto const& representation : select_representations(catalog(), selection))
    result.push_back(representation.label);
  return result;
}

std::vector<std::string> at_steps(std::string const& steps) {
  Selection selection;
  selection.layers = "fc*";
  selection.steps = steps;
  return labels(selection);
}

using Labels = std::vector<std::string>;

TEST(Representation, StepsAreListsRangesAndTheLastOfEachNetwork) {
  EXPECT_EQ(at_steps("all").size(), 5u);
  EXPECT_EQ(at_steps("last"), (Labels{"a@500/fc.1", "b@20/fc.1"}));
  EXPECT_EQ(at_steps("0, 500"), (Labels{"a@0/fc.1", "a@500/fc.1", "b@0/fc.1"}));
  EXPECT_EQ(at_steps("10:500"), (Labels{"a@10/fc.1", "a@500/fc.1", "b@20/fc.1"}));
  EXPECT_EQ(at_steps(":10,last"), (Labels{"a@0/fc.1", "a@10/fc.1", "a@500/fc.1", "b@0/fc.1", "b@20/fc.1"}));
  EXPECT_EQ(at_steps("20:"), (Labels{"a@500/fc.1", "b@20/fc.1"}));
}

// A selection with one thing changed.
template <class Change>
Selection with(Change change) {
  Selection selection;
  change(selection);
  return selection;
}

void expect_usage_error(Selection const& selection, std::vector<std::string> const& parts) {
  try {
    labels(selection);
    ADD_FAILURE() << "nothing was thrown";
  } catch (UsageError const& error) {
    for (auto const& part : parts)
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << part << " in: " << error.what();
  }
}

TEST(Representation, PatternsThatMatchNothingAreNamedWithWhatThereIs) {
  expect_usage_error(with([](auto& s) { s.networks = "c*"; }), {"--networks", "c*", "a, b"});
  expect_usage_error(with([](auto& s) { s.networks = "a,c"; }), {"--networks c"});
  expect_usage_error(with([](auto& s) { s.layers = "fc,conv"; }), {"--layers fc", "conv, fc.1"});
}

TEST(Representation, StepsThatMatchNothingOrCannotBeReadAreNamed) {
  auto const steps = [](std::string const& text) { return with([&](auto& s) { s.steps = text; }); };
  expect_usage_error(steps("11"), {"--steps 11", "0, 10, 20, 500"});
  expect_usage_error(steps("0,11:19"), {"--steps 11:19"});
  auto only_b = steps("500");
  only_b.networks = "b";
  expect_usage_error(only_b, {"--steps 500", "0, 20"});
  for (std::string const bad : {"", "x", "1:2:3", ":", "0,", "5:1", "1.5"}) expect_usage_error(steps(bad), {"--steps"});
}

TEST(Representation, SamplesHaveToLieInside) {
  auto const samples = [](Index begin, Index end) {
    return with([&](auto& s) {
      s.sample_begin = begin;
      s.sample_end = end;
    });
  };
  expect_usage_error(samples(5, 101), {"--samples 5:101", "0:100"});
  expect_usage_error(samples(5, 5), {"--samples 5:5"});
  expect_usage_error(samples(-1, 100), {"--samples -1:100"});
}

TEST(Representation, RulesDecideRowsAndFeatures) {
  Selection selection;
  selection.networks = "a";
  selection.steps = "last";
  selection.layers = "conv";
  selection.sample_begin = 10;
  auto representation = select_representations(catalog(), selection).at(0);
  EXPECT_EQ(representation.features, 8);
  EXPECT_EQ(representation.rows(), 90);
  EXPECT_EQ(representation.sample_begin, 10);
  EXPECT_EQ(representation.row_meaning, "sample");
  selection.conv = ConvRule::positions;
  representation = select_representations(catalog(), selection).at(0);
  EXPECT_EQ(representation.rows_per_sample, 8);
  EXPECT_EQ(representation.rows(), 720);
  EXPECT_EQ(representation.row_meaning, "sample,height 4,width 2");
  selection.conv = ConvRule::flatten;
  representation = select_representations(catalog(), selection).at(0);
  EXPECT_EQ(representation.features, 64);
  EXPECT_EQ(representation.rows(), 90);
}

TEST(Representation, ComparesOnlyEqualInputsSamplesAndRows) {
  auto data = catalog();
  data.checkpoints[1].inputs_id = "y";
  data.checkpoints[2].total_samples = 99;
  Selection selection;
  selection.conv = ConvRule::positions;
  auto const all = select_representations(data, selection);
  EXPECT_EQ(comparability(data, all[0], all[0]), Comparability::ok);
  EXPECT_EQ(comparability(data, all[0], all[1]), Comparability::other_rows);
  EXPECT_EQ(comparability(data, all[0], all[2]), Comparability::other_inputs);
  EXPECT_EQ(comparability(data, all[0], all[4]), Comparability::other_samples);
  EXPECT_EQ(comparability(data, all[0], all[6]), Comparability::ok);
}

TEST(Catalog, UnitRoundoffIsThatOfTheStoredType) {
  EXPECT_EQ(unit_roundoff(StoredType::float16), 0x1p-11);
  EXPECT_EQ(unit_roundoff(StoredType::float32), 0x1p-24);
  EXPECT_EQ(unit_roundoff(StoredType::float64), 0x1p-53);
  EXPECT_EQ(unit_roundoff(StoredType::integer), 0x1p-53);
}

}  // namespace
}  // namespace confer
