// Catalogs on several ranks: everyone knows the same, every failure is everyone's, values are scanned once.
#include "confer/run/load.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "confer/core/error.hpp"
#include "confer/run/catalog.hpp"
#include "support/acts_file.hpp"

namespace confer {
namespace {

using test::ActsFile;
using test::counting;

// A directory that rank 0 makes and fills; all ranks know its path.
class SharedDirectory {
 public:
  template <class Fill>
  explicit SharedDirectory(Fill fill) {
    auto const world = Communicator::world();
    if (world.is_root()) {
      own_.emplace();
      path_ = own_->path();
      fill(path_);
    }
    world.broadcast(path_, 0);
  }
  ~SharedDirectory() { Communicator::world().barrier(); }

  JobConfig job(bool strict = false) const {
    JobConfig config;
    config.selection.data = {path_};
    config.run.strict = strict;
    return config;
  }

 private:
  std::optional<test::TemporaryDirectory> own_;
  std::string path_;
};

void write_good_and_bad(std::string const& path) {
  test::write_plain(path + "/good.h5", "good", 0, 4, 0, 4);
  double const nan = std::numeric_limits<double>::quiet_NaN();
  for (Index first : {0, 10, 20}) {
    ActsFile file(path + "/s" + std::to_string(first) + ".h5", "mixed", 7, 30, first);
    file.layer("fine", {10, 3}, counting({10, 3}));
    auto values = counting({10, 2, 2, 2});
    if (first > 0) values[40] = nan;  // sample 5 of the shard
    if (first == 20) values[41] = std::numeric_limits<double>::infinity();
    file.layer("conv", {10, 2, 2, 2}, values, {.axes = "sample,channel,height,width"});
  }
}

void expect_same_everywhere(Catalog const& catalog) {
  auto const texts = Communicator::world().all_gather(to_json(catalog));
  for (auto const& text : texts) EXPECT_EQ(text, texts.front());
}

template <class Work>
std::string error_of(Work work) {
  try {
    work();
  } catch (InputError const& error) {
    return error.what();
  } catch (Error const& error) {
    return error.code() == ExitCode::input ? error.what() : std::string("another error: ") + error.what();
  }
  return "nothing was thrown";
}

TEST(Load, EveryRankHasTheSameCatalog) {
  SharedDirectory const directory(write_good_and_bad);
  auto const catalog = load_catalog(directory.job(), Communicator::world());
  EXPECT_EQ(catalog.checkpoints.size(), 2u);
  EXPECT_TRUE(catalog.refusals.empty());
  expect_same_everywhere(catalog);
}

TEST(Load, AFailureOfRankZeroIsEveryones) {
  SharedDirectory const directory([](std::string const&) {});
  auto const text = error_of([&] { load_catalog(directory.job(), Communicator::world()); });
  EXPECT_NE(text.find("no *.h5 file"), std::string::npos) << text;
}

TEST(Load, BadValuesBecomeRefusalsWithCountAndFirstPosition) {
  SharedDirectory const directory(write_good_and_bad);
  auto const world = Communicator::world();
  auto catalog = load_catalog(directory.job(), world);
  refuse_bad_values(catalog, {}, world);
  expect_same_everywhere(catalog);
  ASSERT_EQ(catalog.checkpoints.size(), 2u);
  EXPECT_EQ(catalog.checkpoints[1].layers.size(), 1u);
  ASSERT_EQ(catalog.refusals.size(), 1u);
  auto const& refusal = catalog.refusals[0];
  EXPECT_EQ(refusal.label, "mixed@7/conv");
  EXPECT_EQ(refusal.dataset, "/activations/conv");
  EXPECT_EQ(refusal.file.substr(refusal.file.rfind('/')), "/s10.h5");
  EXPECT_EQ(refusal.reason,
            "it holds 3 values that are NaN or Inf, the first at sample 15, channel 0, height 0, width 0");
}

TEST(Load, ACheckpointWithoutUsableLayersGoes) {
  SharedDirectory const directory([](std::string const& path) {
    test::write_plain(path + "/good.h5", "good", 0, 4, 0, 4);
    ActsFile file(path + "/bad.h5", "bad", 7, 2);
    file.layer("fc", {2, 1}, {0, std::numeric_limits<double>::infinity()});
  });
  auto const world = Communicator::world();
  auto catalog = load_catalog(directory.job(), world);
  refuse_bad_values(catalog, {}, world);
  EXPECT_EQ(catalog.checkpoints.size(), 1u);
  EXPECT_EQ(catalog.refusals.size(), 1u);
}

TEST(Load, StrictStopsAtAnyRefusal) {
  SharedDirectory const bad_values(write_good_and_bad);
  auto text = error_of([&] { load_catalog(bad_values.job(true), Communicator::world()); });
  EXPECT_NE(text.find("NaN or Inf"), std::string::npos) << text;
  EXPECT_NE(text.find("--strict"), std::string::npos) << text;

  // Only what the job uses counts.
  JobConfig job = bad_values.job(true);
  job.selection.layers = "f*";
  EXPECT_EQ(load_catalog(job, Communicator::world()).checkpoints.size(), 2u);

  SharedDirectory const bad_header([](std::string const& path) {
    test::write_plain(path + "/good.h5", "good", 0, 4, 0, 4);
    h5::create_file(path + "/other.h5");
  });
  text = error_of([&] { load_catalog(bad_header.job(true), Communicator::world()); });
  EXPECT_NE(text.find("other.h5"), std::string::npos) << text;
}

TEST(Load, TheTableNamesEverythingOnHarmlessLines) {
  SharedDirectory const directory([](std::string const& path) {
    write_good_and_bad(path);
    ActsFile file(path + "/odd.h5", "evil\x1b[2J\nname", 1, 4);
    file.layer("blank", {4, 2}, {}, {.write = false});
    file.array("targets/labels", {4}, {0, 1, 0, 1}, {.type = H5T_STD_I64LE});
    file.list_layers({"blank", "lost"});
  });
  auto const text = describe_catalog(load_catalog(directory.job(), Communicator::world()));
  for (std::string const part :
       {"3 networks, 3 checkpoints, 4 representations in 5 files", "mixed: step 7; 30 samples", "3 shards",
        "30 x 2 x 2 x 2", "sample,neuron,height,width", "float32", "contiguous", "targets: labels (labels)",
        "never written", "1 refusal:", "/activations/lost", "evil\\u{1b}[2J\\nname@1"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in:\n" << text;
  EXPECT_TRUE(std::none_of(text.begin(), text.end(), [](char c) { return c == '\x1b'; }));
}

}  // namespace
}  // namespace confer
