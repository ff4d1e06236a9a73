// Ranges of features of wide arrays, in any order of axes and any storage, against the same columns of the whole.
#include <gtest/gtest.h>

#include <limits>

#include "confer/io/activation_reader.hpp"
#include "confer/io/catalog_reader.hpp"
#include "io/array_layout.hpp"
#include "support/acts_file.hpp"

namespace confer {
namespace {

using test::ActsFile;
using test::ArrayOptions;
using test::counting;
using test::TemporaryDirectory;

struct Stored {
  std::string axes;
  std::vector<Index> extents;
  std::vector<Index> chunk = {};
};

/// Reads every range of features of an array and holds it against the whole matrix.
void expect_ranges(Stored const& stored, hid_t type, ConvRule conv, SequenceRule sequence) {
  TemporaryDirectory directory;
  ActsFile file(directory / "a.h5", "net", 0, 5);
  ArrayOptions options{.type = type, .axes = stored.axes, .chunk = stored.chunk};
  options.gzip = !stored.chunk.empty();
  file.layer("layer", stored.extents, counting(stored.extents), options);
  file.close();
  auto const catalog = read_catalog({directory.path()});
  Selection selection;
  selection.conv = conv;
  selection.sequence = sequence;
  selection.sample_begin = 1;
  auto const r = select_representations(catalog, selection).at(0);
  ActivationReader reader(catalog, r);
  StoredValues all_seen;
  Matrix<double> whole(r.features, r.rows());
  reader.read(0, r.samples, whole.view(), all_seen);
  for (Index begin = 0; begin < r.features; ++begin)
    for (Index count = 1; begin + count <= r.features; ++count) {
      StoredValues seen;
      Index const from = begin % 2, samples = r.samples - from;  // from the first sample on, and from the second
      Matrix<double> wide(count + 2, samples * r.rows_per_sample);
      auto const out = wide.view().block(1, 0, count, wide.cols());
      reader.read_features(from, samples, begin, out, seen);
      for (Index j = 0; j < out.cols; ++j) {
        for (Index i = 0; i < count; ++i)
          ASSERT_EQ(out(i, j), whole(begin + i, from * r.rows_per_sample + j))
              << stored.axes << " features " << begin << " + " << count;
        ASSERT_EQ(wide(0, j), 0);
        ASSERT_EQ(wide(count + 1, j), 0);
      }
      ASSERT_EQ(seen.count * r.features * r.samples, all_seen.count * count * samples);
    }
}

TEST(FeatureRanges, AreTheColumnsOfTheWholeForAnyOrderOfAxes) {
  std::vector<Stored> const arrays = {{"sample,channel,height,width", {5, 3, 2, 4}},
                                      {"sample,height,width,channel", {5, 2, 4, 3}},
                                      {"width,channel,sample,height", {4, 3, 5, 2}},
                                      {"channel,height,width,sample", {3, 2, 4, 5}},
                                      {"height,sample,channel,width", {2, 5, 3, 4}, {2, 2, 2, 3}},
                                      {"sample,channel,height,width", {5, 3, 2, 4}, {2, 2, 1, 4}}};
  for (auto const& stored : arrays)
    for (ConvRule const conv : {ConvRule::flatten, ConvRule::mean, ConvRule::positions})
      expect_ranges(stored, H5T_IEEE_F32LE, conv, SequenceRule::positions);
}

TEST(FeatureRanges, WorkForEveryStoredType) {
  h5::Handle const half_little = test::half_type(H5T_ORDER_LE), half_big = test::half_type(H5T_ORDER_BE);
  for (hid_t const type : {hid_t{half_little.get()}, hid_t{half_big.get()}, H5T_IEEE_F32BE, H5T_IEEE_F64LE, H5T_STD_I16LE})
    expect_ranges({"sample,channel,height,width", {5, 2, 3, 2}}, type, ConvRule::flatten, SequenceRule::positions);
}

TEST(FeatureRanges, CutThroughFlattenedSequencesAndPlainArrays) {
  for (SequenceRule const rule : {SequenceRule::flatten, SequenceRule::last, SequenceRule::mean, SequenceRule::positions})
    expect_ranges({"sample,time,channel", {5, 3, 4}}, H5T_IEEE_F32LE, ConvRule::mean, rule);
  expect_ranges({"sample,neuron", {5, 7}}, H5T_IEEE_F64LE, ConvRule::mean, SequenceRule::positions);
  expect_ranges({"neuron,sample", {7, 5}, {3, 2}}, H5T_IEEE_F32LE, ConvRule::mean, SequenceRule::positions);
}

TEST(FeatureRanges, OfWholeChannelsAreOneBlock) {
  LayerInfo layer;
  layer.axes = {Axis::sample, Axis::neuron, Axis::height, Axis::width};
  layer.extents = {100, 16, 7, 5};
  Representation r;
  r.conv = ConvRule::flatten;
  auto const whole = feature_slabs(layer, r, 70, 105);
  ASSERT_EQ(whole.size(), 1u);
  EXPECT_EQ(whole[0].first, (std::vector<Index>{0, 2, 0, 0}));
  EXPECT_EQ(whole[0].extent, (std::vector<Index>{100, 3, 7, 5}));
  auto const cut = feature_slabs(layer, r, 8, 200);  // row 1 from column 3 to channel 5, row 6, column 2
  Index next = 8;
  for (auto const& slab : cut) {
    EXPECT_EQ(slab.begin, next);
    EXPECT_EQ(slab.count, slab.extent[1] * slab.extent[2] * slab.extent[3]);
    next += slab.count;
  }
  EXPECT_EQ(next, 208);
  EXPECT_LE(cut.size(), 5u);
}

TEST(FeatureRanges, NameTheFirstBadValueOfASample) {
  TemporaryDirectory directory;
  auto values = counting({3, 2, 2, 2});
  values[2 * 8 + 1] = values[1 * 8 + 6] = std::numeric_limits<double>::quiet_NaN();
  ActsFile file(directory / "a.h5", "net", 0, 3);
  file.layer("conv", {3, 2, 2, 2}, values, {.axes = "sample,channel,height,width"});
  file.close();
  auto const catalog = read_catalog({directory.path()});
  Selection selection;
  selection.conv = ConvRule::flatten;
  auto const r = select_representations(catalog, selection).at(0);
  ActivationReader reader(catalog, r);
  StoredValues seen;
  for (Index feature = 0; feature < 8; feature += 4) {  // the later sample is met first
    Matrix<float> part(4, 3);
    reader.read_features(0, 3, feature, part.view(), seen);
  }
  EXPECT_EQ(seen.non_finite, 2);
  EXPECT_EQ(seen.first_non_finite, "sample 1, channel 1, height 1, width 0");
}

}  // namespace
}  // namespace confer
