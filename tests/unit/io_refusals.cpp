// Every kind of bad input is refused with its reason, at the right level, and the rest stays usable.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "confer/core/error.hpp"
#include "confer/io/catalog_reader.hpp"
#include "support/acts_file.hpp"

namespace confer {
namespace {

using test::ActsFile;
using test::counting;
using test::TemporaryDirectory;
using test::write_plain;

// A directory with one good checkpoint "good@0/fc" beside what a test puts there.
class Refusals : public testing::Test {
 protected:
  void SetUp() override { write_plain(directory / "good.h5", "good", 0, 4, 0, 4); }

  // The only refusal; the good checkpoint and `others` must have survived.
  Refusal only(std::size_t others = 0) {
    auto const catalog = read_catalog({directory.path()});
    EXPECT_EQ(catalog.checkpoints.size(), 1 + others);
    EXPECT_EQ(catalog.refusals.size(), 1u);
    return catalog.refusals.empty() ? Refusal{} : catalog.refusals.front();
  }
  void expect_checkpoint_refused(std::string const& label, std::string const& reason) {
    auto const refusal = only();
    EXPECT_EQ(refusal.label, label);
    EXPECT_TRUE(refusal.dataset.empty());
    EXPECT_NE(refusal.reason.find(reason), std::string::npos) << refusal.reason;
    EXPECT_FALSE(refusal.advice.empty());
  }
  // A file "bad@3" with a usable layer "fine" and what `add` writes, which has to be the layer "odd".
  template <class Add>
  void expect_layer_refused(std::string const& reason, Add add) {
    ActsFile file(bad(), "bad", 3, 4);
    file.layer("fine", {4, 2}, counting({4, 2}));
    add(file);
    file.list_layers({"fine", "odd"});
    file.close();
    auto const refusal = only(1);
    EXPECT_EQ(refusal.label, "bad@3/odd");
    EXPECT_EQ(refusal.dataset, "/activations/odd");
    EXPECT_EQ(refusal.file, bad());
    EXPECT_NE(refusal.reason.find(reason), std::string::npos) << refusal.reason;
  }
  std::string bad() const { return directory / "bad.h5"; }

  TemporaryDirectory directory;
};

TEST_F(Refusals, NotHdf5) {
  std::ofstream(bad()) << "epoch,loss\n0,2.3\n";
  expect_checkpoint_refused(bad(), "not an HDF5 file");
}

TEST_F(Refusals, EmptyFile) {
  std::ofstream{bad()};
  expect_checkpoint_refused(bad(), "not an HDF5 file");
}

TEST_F(Refusals, Truncated) {
  write_plain(bad(), "bad", 0, 400, 0, 400);
  std::filesystem::resize_file(bad(), std::filesystem::file_size(bad()) - 512);
  expect_checkpoint_refused(bad(), "truncated");
}

TEST_F(Refusals, EveryTruncationIsRefusedAndNoneCrashes) {
  write_plain(bad(), "bad", 0, 40, 0, 40);
  auto const size = std::filesystem::file_size(bad());
  for (auto length = size - 1; length > 0; length -= std::min<std::uintmax_t>(length, 97)) {
    std::filesystem::resize_file(bad(), length);
    EXPECT_FALSE(only().reason.empty());
  }
}

TEST_F(Refusals, DanglingLink) {
  std::filesystem::create_symlink(directory / "nowhere", bad());
  expect_checkpoint_refused(bad(), "No such file");
}

TEST_F(Refusals, NotARegularFile) {
  ASSERT_EQ(mkfifo(bad().c_str(), 0600), 0);
  expect_checkpoint_refused(bad(), "not a regular file");
}

TEST_F(Refusals, OtherHdf5File) {
  h5::create_file(bad());
  expect_checkpoint_refused(bad(), "no attribute 'format'");
}

TEST_F(Refusals, UnknownVersion) {
  ActsFile file(bad(), "bad", 0, 4);
  file.text("format", "acts/2");
  file.layer("fc", {4, 2}, counting({4, 2}));
  file.close();
  expect_checkpoint_refused(bad(), "acts/2");
}

TEST_F(Refusals, MissingAttributes) {
  for (std::string const name : {"network", "step", "inputs_id", "first_sample", "total_samples"}) {
    ActsFile file(bad(), "bad", 0, 4);
    file.remove(name);
    file.layer("fc", {4, 2}, counting({4, 2}));
    file.close();
    EXPECT_NE(only().reason.find("'" + name + "'"), std::string::npos) << only().reason;
  }
  ActsFile file(bad(), "bad", 0, 4);
  file.close();
  expect_checkpoint_refused("bad@0", "'layers'");
}

TEST_F(Refusals, AttributesOfTheWrongKind) {
  ActsFile file(bad(), "bad", 0, 4);
  file.text("total_samples", "four");
  file.layer("fc", {4, 2}, counting({4, 2}));
  file.close();
  expect_checkpoint_refused("bad@0", "'total_samples'");
}

TEST_F(Refusals, SizesThatDoNotFitTheDeclaredTotal) {
  write_plain(bad(), "bad", 0, 3, 0, 4);
  expect_checkpoint_refused("bad@0", "do not fit total_samples 3");
  write_plain(bad(), "bad", 0, -1, 0, 4);
  expect_checkpoint_refused("bad@0", "make no sense");
  write_plain(bad(), "bad", 0, std::numeric_limits<Index>::max(), std::numeric_limits<Index>::max() - 2, 4);
  EXPECT_EQ(only().label, "bad@0");
}

TEST_F(Refusals, LayersOfDifferentLength) {
  ActsFile file(bad(), "bad", 0, 4);
  file.layer("a", {4, 2}, counting({4, 2}));
  file.layer("b", {3, 2}, counting({3, 2}));
  file.close();
  expect_checkpoint_refused("bad@0", "differ in length");
}

TEST_F(Refusals, MissingShard) {
  write_plain(directory / "s0.h5", "bad", 0, 10, 0, 3);
  write_plain(directory / "s2.h5", "bad", 0, 10, 7, 3);
  expect_checkpoint_refused("bad@0", "samples 3:7 are missing");
}

TEST_F(Refusals, MissingLastShard) {
  write_plain(directory / "s0.h5", "bad", 0, 10, 0, 3);
  expect_checkpoint_refused("bad@0", "samples 3:10 are missing");
}

TEST_F(Refusals, OverlappingShards) {
  write_plain(directory / "s0.h5", "bad", 0, 10, 0, 6);
  write_plain(directory / "s1.h5", "bad", 0, 10, 5, 5);
  expect_checkpoint_refused("bad@0", "overlap");
}

TEST_F(Refusals, TwoFilesForOneCheckpoint) {
  write_plain(directory / "one.h5", "bad", 0, 10, 0, 10);
  write_plain(directory / "two.h5", "bad", 0, 10, 0, 10);
  expect_checkpoint_refused("bad@0", "two files hold samples 0:10");
}

TEST_F(Refusals, ContradictingShards) {
  write_plain(directory / "s0.h5", "bad", 0, 10, 0, 5);
  write_plain(directory / "s1.h5", "bad", 0, 11, 5, 5);
  expect_checkpoint_refused("bad@0", "total_samples");
  write_plain(directory / "s1.h5", "bad", 0, 10, 5, 5, 4);
  expect_checkpoint_refused("bad@0", "the shape of layer 'fc'");
  {
    ActsFile file(directory / "s1.h5", "bad", 0, 10, 5);
    file.text("inputs_id", std::string(64, 'b'));
    file.layer("fc", {5, 3}, counting({5, 3}));
  }
  expect_checkpoint_refused("bad@0", "inputs_id");
  {
    ActsFile file(directory / "s1.h5", "bad", 0, 10, 5);
    file.layer("other", {5, 3}, counting({5, 3}));
  }
  expect_checkpoint_refused("bad@0", "lists of layers");
}

TEST_F(Refusals, TrajectoryWithARepeatedStep) {
  ActsFile file(bad(), "bad", std::nullopt, 2);
  file.array("steps", {3}, {0, 5, 5}, {.type = H5T_STD_I64LE});
  file.layer("fc", {3, 2, 2}, counting({3, 2, 2}));
  file.close();
  expect_checkpoint_refused(bad(), "step 5 occurs twice");
}

TEST_F(Refusals, TrajectoryWithNeitherStepNorSteps) {
  ActsFile file(bad(), "bad", std::nullopt, 2);
  file.layer("fc", {2, 2}, counting({2, 2}));
  file.close();
  expect_checkpoint_refused(bad(), "neither an attribute 'step' nor a dataset '/steps'");
}

TEST_F(Refusals, AbsurdDeclaredSize) {
  // Chunked and never written: the header alone could claim any size.
  expect_layer_refused("it declares", [](ActsFile& file) {
    file.layer("odd", {4, Index{1} << 40}, {}, {.chunk = {1, 1024}, .write = false});
  });
}

TEST_F(Refusals, LayerOfStrings) {
  expect_layer_refused("strings", [](ActsFile& file) {
    h5::Handle const type(H5Tcopy(H5T_C_S1));
    H5Tset_size(type, 8);
    file.layer("odd", {4, 2}, {}, {.type = type.get(), .write = false});
  });
}

TEST_F(Refusals, LayerOfCompoundValues) {
  expect_layer_refused("compound", [](ActsFile& file) {
    h5::Handle const type(H5Tcreate(H5T_COMPOUND, 8));
    H5Tinsert(type, "r", 0, H5T_IEEE_F32LE);
    H5Tinsert(type, "i", 4, H5T_IEEE_F32LE);
    file.layer("odd", {4, 2}, {}, {.type = type.get(), .write = false});
  });
}

TEST_F(Refusals, LayerOfBrainFloats) {
  expect_layer_refused("unusual format", [](ActsFile& file) {
    h5::Handle const type(H5Tcopy(H5T_IEEE_F32LE));
    H5Tset_fields(type, 15, 7, 8, 0, 7);
    H5Tset_size(type, 2);
    file.layer("odd", {4, 2}, counting({4, 2}), {.type = type.get()});
  });
}

TEST_F(Refusals, WrongRankOrAxes) {
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
    expect_layer_refused(reason, [&](ActsFile& file) { file.layer("odd", extents, counting(extents), {.axes = axes}); });
}

TEST_F(Refusals, LayerListedButMissing) {
  expect_layer_refused("no such object", [](ActsFile&) {});
}

TEST_F(Refusals, LayerIsAGroup) {
  expect_layer_refused("not an array", [](ActsFile& file) { file.group("activations/odd"); });
}

TEST_F(Refusals, LinkToAnotherFile) {
  std::string const good = directory / "good.h5";
  expect_layer_refused("link to another file", [&](ActsFile& file) {
    H5Lcreate_external(good.c_str(), "/activations/fc", file.id(), "/activations/odd", 0, 0);
  });
}

TEST_F(Refusals, SoftLinkThroughALinkToAnotherFile) {
  std::string const good = directory / "good.h5";
  expect_layer_refused("link to another file", [&](ActsFile& file) {
    H5Lcreate_external(good.c_str(), "/activations", file.id(), "/elsewhere", 0, 0);
    H5Lcreate_soft("/elsewhere/fc", file.id(), "/activations/odd", 0, 0);
  });
}

TEST_F(Refusals, SoftLinksInsideTheFileAreFine) {
  ActsFile file(bad(), "bad", 3, 4);
  file.layer("fine", {4, 2}, counting({4, 2}));
  H5Lcreate_soft("/activations/fine", file.id(), "/activations/tied", 0, 0);
  file.list_layers({"fine", "tied"});
  file.close();
  auto const catalog = read_catalog({directory.path()});
  EXPECT_TRUE(catalog.refusals.empty());
  EXPECT_EQ(catalog.checkpoints.at(0).layers.size(), 2u);
}

TEST_F(Refusals, SoftLinksInACircle) {
  expect_layer_refused("", [&](ActsFile& file) {
    H5Lcreate_soft("/activations/back", file.id(), "/activations/odd", 0, 0);
    H5Lcreate_soft("/activations/odd", file.id(), "/activations/back", 0, 0);
  });
}

TEST_F(Refusals, ExternalStorage) {
  std::ofstream(directory / "raw.bin") << std::string(64, 'x');
  expect_layer_refused("outside the HDF5 file", [&](ActsFile& file) {
    hsize_t const sizes[] = {4, 2};
    h5::Handle const space(H5Screate_simple(2, sizes, nullptr));
    h5::Handle const creation(H5Pcreate(H5P_DATASET_CREATE));
    H5Pset_external(creation, (directory / "raw.bin").c_str(), 0, 64);
    h5::Handle(H5Dcreate2(file.id(), "/activations/odd", H5T_IEEE_F32LE, space, 0, creation, 0));
  });
}

TEST_F(Refusals, VirtualDataset) {
  std::string const good = directory / "good.h5";
  expect_layer_refused("virtual dataset", [&](ActsFile& file) {
    hsize_t const sizes[] = {4, 3};
    h5::Handle const space(H5Screate_simple(2, sizes, nullptr));
    h5::Handle const creation(H5Pcreate(H5P_DATASET_CREATE));
    H5Pset_virtual(creation, space, good.c_str(), "/activations/fc", space);
    h5::Handle(H5Dcreate2(file.id(), "/activations/odd", H5T_IEEE_F32LE, space, 0, creation, 0));
  });
}

TEST_F(Refusals, FilterThatTheLibraryLacks) {
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

TEST_F(Refusals, NeverWrittenDataAreAWarning) {
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

TEST_F(Refusals, PartlyWrittenChunksAreAWarning) {
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

TEST_F(Refusals, BadTargetsAreIgnoredWithAWarning) {
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

TEST_F(Refusals, NamesThatAreNotText) {
  {
    ActsFile file(bad(), "net\xFF", 3, 4);
    file.layer("fc", {4, 2}, counting({4, 2}));
  }
  expect_checkpoint_refused(bad(), "not UTF-8");
}

TEST_F(Refusals, OneRefusalForALayerOfATrajectory) {
  ActsFile file(bad(), "bad", std::nullopt, 2);
  file.array("steps", {3}, {0, 5, 6}, {.type = H5T_STD_I64LE});
  file.layer("fine", {3, 2, 2}, counting({3, 2, 2}));
  file.layer("odd", {2, 2, 2}, counting({2, 2, 2}));
  file.close();
  auto const refusal = only(3);
  EXPECT_EQ(refusal.label, "bad@0/odd");
  EXPECT_NE(refusal.reason.find("2 steps and /steps has 3"), std::string::npos) << refusal.reason;
}

TEST(NothingUsable, IsAnErrorThatListsTheReasons) {
  TemporaryDirectory directory;
  std::ofstream(directory / "a.h5") << "text";
  write_plain(directory / "b.h5", "net", 0, 10, 0, 3);
  try {
    read_catalog({directory.path()});
    FAIL();
  } catch (InputError const& error) {
    std::string const text = error.what();
    EXPECT_NE(text.find("a.h5"), std::string::npos);
    EXPECT_NE(text.find("not an HDF5 file"), std::string::npos);
    EXPECT_NE(text.find("samples 3:10 are missing"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace confer
