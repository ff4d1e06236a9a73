// Every kind of bad layer is refused with its reason, and the rest stays usable.
#include <gtest/gtest.h>

#include <fstream>
#include <tuple>
#include <vector>

#include "confer/io/catalog_reader.hpp"
#include "support/acts_file.hpp"
#include "unit/refusal_fixture.hpp"

namespace confer {
namespace {

using test::ActsFile;
using test::counting;
using LayerRefusals = test::RefusalTest;

TEST_F(LayerRefusals, AbsurdDeclaredSize) {
  // Chunked and never written: the header alone could claim any size.
  expect_layer_refused("it declares", [](ActsFile& file) {
    file.layer("odd", {4, Index{1} << 40}, {}, {.chunk = {1, 1024}, .write = false});
  });
}

TEST_F(LayerRefusals, LayerOfStrings) {
  expect_layer_refused("strings", [](ActsFile& file) {
    h5::Handle const type(H5Tcopy(H5T_C_S1));
    H5Tset_size(type, 8);
    file.layer("odd", {4, 2}, {}, {.type = type.get(), .write = false});
  });
}

TEST_F(LayerRefusals, LayerOfCompoundValues) {
  expect_layer_refused("compound", [](ActsFile& file) {
    h5::Handle const type(H5Tcreate(H5T_COMPOUND, 8));
    H5Tinsert(type, "r", 0, H5T_IEEE_F32LE);
    H5Tinsert(type, "i", 4, H5T_IEEE_F32LE);
    file.layer("odd", {4, 2}, {}, {.type = type.get(), .write = false});
  });
}

TEST_F(LayerRefusals, LayerOfBrainFloats) {
  expect_layer_refused("unusual format", [](ActsFile& file) {
    h5::Handle const type(H5Tcopy(H5T_IEEE_F32LE));
    H5Tset_fields(type, 15, 7, 8, 0, 7);
    H5Tset_size(type, 2);
    file.layer("odd", {4, 2}, counting({4, 2}), {.type = type.get()});
  });
}

TEST_F(LayerRefusals, WrongRankOrAxes) {
  for (auto const& [axes, extents, reason] : std::vector<std::tuple<std::string, std::vector<Index>, std::string>>{
           {"", {4}, "1 dimensions and no attribute 'axes'"},
           {"", {4, 2, 2}, "3 dimensions and no attribute 'axes'"},
           {"sample,neuron", {4, 2, 2}, "names 2 axes and the array has 3"},
           {"sample,colour", {4, 2}, "unknown name 'colour'"},
           {"sample,Neuron", {4, 2}, "unknown name 'Neuron'"},
           {"sample,neuron,channel", {4, 2, 2}, "names the neuron axis twice"},
           {"neuron,time", {2, 4}, "no sample axis"},
           {"sample,height,width", {4, 2, 2}, "no neuron"},
           {"step,sample,neuron", {1, 4, 2}, "a single step"},
           {"sample,neuron", {4, 0}, "neuron axis has length zero"},
           {"sample,channel,height,width", {4, 2, 0, 2}, "height axis has length zero"}})
    expect_layer_refused(reason,
                         [&](ActsFile& file) { file.layer("odd", extents, counting(extents), {.axes = axes}); });
}

TEST_F(LayerRefusals, LayerListedButMissing) {
  expect_layer_refused("no such object", [](ActsFile&) {});
}

TEST_F(LayerRefusals, LayerIsAGroup) {
  expect_layer_refused("not an array", [](ActsFile& file) { file.group("activations/odd"); });
}

TEST_F(LayerRefusals, LinkToAnotherFile) {
  std::string const good = directory / "good.h5";
  expect_layer_refused("link to another file", [&](ActsFile& file) {
    H5Lcreate_external(good.c_str(), "/activations/fc", file.id(), "/activations/odd", 0, 0);
  });
}

TEST_F(LayerRefusals, SoftLinkThroughALinkToAnotherFile) {
  std::string const good = directory / "good.h5";
  expect_layer_refused("link to another file", [&](ActsFile& file) {
    H5Lcreate_external(good.c_str(), "/activations", file.id(), "/elsewhere", 0, 0);
    H5Lcreate_soft("/elsewhere/fc", file.id(), "/activations/odd", 0, 0);
  });
}

TEST_F(LayerRefusals, SoftLinksInsideTheFileAreFine) {
  ActsFile file(bad(), "bad", 3, 4);
  file.layer("fine", {4, 2}, counting({4, 2}));
  H5Lcreate_soft("/activations/fine", file.id(), "/activations/tied", 0, 0);
  file.list_layers({"fine", "tied"});
  file.close();
  auto const catalog = read_catalog({directory.path()});
  EXPECT_TRUE(catalog.refusals.empty());
  EXPECT_EQ(catalog.checkpoints.at(0).layers.size(), 2u);
}

TEST_F(LayerRefusals, SoftLinksInACircle) {
  expect_layer_refused("", [&](ActsFile& file) {
    H5Lcreate_soft("/activations/back", file.id(), "/activations/odd", 0, 0);
    H5Lcreate_soft("/activations/odd", file.id(), "/activations/back", 0, 0);
  });
}

TEST_F(LayerRefusals, ExternalStorage) {
  std::ofstream(directory / "raw.bin") << std::string(64, 'x');
  expect_layer_refused("outside the HDF5 file", [&](ActsFile& file) {
    hsize_t const sizes[] = {4, 2};
    h5::Handle const space(H5Screate_simple(2, sizes, nullptr));
    h5::Handle const creation(H5Pcreate(H5P_DATASET_CREATE));
    H5Pset_external(creation, (directory / "raw.bin").c_str(), 0, 64);
    h5::Handle(H5Dcreate2(file.id(), "/activations/odd", H5T_IEEE_F32LE, space, 0, creation, 0));
  });
}

TEST_F(LayerRefusals, VirtualDataset) {
  std::string const good = directory / "good.h5";
  expect_layer_refused("virtual dataset", [&](ActsFile& file) {
    hsize_t const sizes[] = {4, 3};
    h5::Handle const space(H5Screate_simple(2, sizes, nullptr));
    h5::Handle const creation(H5Pcreate(H5P_DATASET_CREATE));
    H5Pset_virtual(creation, space, good.c_str(), "/activations/fc", space);
    h5::Handle(H5Dcreate2(file.id(), "/activations/odd", H5T_IEEE_F32LE, space, 0, creation, 0));
  });
}

TEST_F(LayerRefusals, FilterThatTheLibraryLacks) {
  // Registered only while the file is written.
  auto const pass = [](unsigned, size_t, unsigned const[], size_t bytes, size_t*, void**) { return bytes; };
  H5Z_class2_t const filter = {H5Z_CLASS_T_VERS, 32000, 1, 1, "lzf", nullptr, nullptr, pass};
  ASSERT_GE(H5Zregister(&filter), 0);
  {
    ActsFile file(bad(), "bad", 3, 4);
    file.layer("fine", {4, 2}, counting({4, 2}));
    hsize_t const sizes[] = {4, 2};
    h5::Handle const space(H5Screate_simple(2, sizes, nullptr));
    h5::Handle const creation(H5Pcreate(H5P_DATASET_CREATE));
    H5Pset_chunk(creation, 2, sizes);
    H5Pset_filter(creation, 32000, H5Z_FLAG_MANDATORY, 0, nullptr);
    h5::Handle(H5Dcreate2(file.id(), "/activations/odd", H5T_IEEE_F32LE, space, 0, creation, 0));
    file.list_layers({"fine", "odd"});
  }
  H5Zunregister(32000);
  auto const refusal = only(1);
  EXPECT_EQ(refusal.label, "bad@3/odd");
  EXPECT_NE(refusal.reason.find("lacks: lzf"), std::string::npos) << refusal.reason;
}

TEST_F(LayerRefusals, NeverWrittenDataAreAWarning) {
  ActsFile file(bad(), "bad", 3, 4);
  file.layer("fine", {4, 2}, counting({4, 2}));
  file.layer("blank", {4, 2}, {}, {.write = false});
  file.layer("blank_chunks", {4, 2}, {}, {.chunk = {2, 2}, .write = false});
  file.close();
  auto const catalog = read_catalog({directory.path()});
  EXPECT_TRUE(catalog.refusals.empty());
  auto const& layers = catalog.checkpoints.at(0).layers;
  ASSERT_EQ(layers.size(), 3u);
  EXPECT_TRUE(layers[0].warnings.empty());
  EXPECT_EQ(layers[1].warnings.size(), 1u);
  EXPECT_EQ(layers[2].warnings.size(), 1u);
}

TEST_F(LayerRefusals, PartlyWrittenChunksAreAWarning) {
  ActsFile file(bad(), "bad", 3, 4);
  file.layer("fc", {4, 2}, {}, {.chunk = {1, 2}, .gzip = true, .write = false});
  h5::Handle dataset = h5::open_dataset(file.id(), "activations/fc", {});
  h5::Handle const space(H5Dget_space(dataset));
  hsize_t const begin[] = {1, 0}, count[] = {1, 2};
  H5Sselect_hyperslab(space, H5S_SELECT_SET, begin, nullptr, count, nullptr);
  h5::Handle const memory(H5Screate_simple(2, count, nullptr));
  double const values[] = {1, 2};
  H5Dwrite(dataset, H5T_NATIVE_DOUBLE, memory, space, 0, values);
  dataset.close();
  file.close();
  auto const catalog = read_catalog({bad()});
  ASSERT_EQ(catalog.checkpoints.at(0).layers.at(0).warnings.size(), 1u);
  EXPECT_EQ(catalog.checkpoints[0].layers[0].warnings[0], "partly written: 3 of 4 chunks hold only the fill value");
}

TEST_F(LayerRefusals, BadTargetsAreIgnoredWithAWarning) {
  ActsFile file(bad(), "bad", 3, 4);
  file.layer("fc", {4, 2}, counting({4, 2}));
  file.array("targets/short", {3}, counting({3}));
  file.array("targets/deep", {4, 2, 2}, counting({4, 2, 2}));
  file.array("targets/good", {4}, counting({4}));
  file.close();
  auto const catalog = read_catalog({bad()});
  EXPECT_EQ(catalog.checkpoints.at(0).targets.size(), 1u);
  EXPECT_EQ(catalog.checkpoints.at(0).warnings.size(), 2u);
}

TEST_F(LayerRefusals, OneRefusalForALayerOfATrajectory) {
  ActsFile file(bad(), "bad", std::nullopt, 2);
  file.array("steps", {3}, {0, 5, 6}, {.type = H5T_STD_I64LE});
  file.layer("fine", {3, 2, 2}, counting({3, 2, 2}));
  file.layer("odd", {2, 2, 2}, counting({2, 2, 2}));
  file.close();
  auto const refusal = only(3);
  EXPECT_EQ(refusal.label, "bad@0/odd");
  EXPECT_NE(refusal.reason.find("2 steps and /steps has 3"), std::string::npos) << refusal.reason;
}

}  // namespace
}  // namespace confer
