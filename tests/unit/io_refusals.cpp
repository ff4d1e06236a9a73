// Every kind of bad file is refused with its reason, and the rest stays usable.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <limits>

#include "confer/core/error.hpp"
#include "confer/io/catalog_reader.hpp"
#include "support/acts_file.hpp"
#include "unit/refusal_fixture.hpp"

namespace confer {
namespace {

using test::ActsFile;
using test::counting;
using test::TemporaryDirectory;
using test::write_plain;
using Refusals = test::RefusalTest;

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

TEST_F(Refusals, NamesThatAreNotText) {
  {
    ActsFile file(bad(), "net\xFF", 3, 4);
    file.layer("fc", {4, 2}, counting({4, 2}));
  }
  expect_checkpoint_refused(bad(), "not UTF-8");
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
