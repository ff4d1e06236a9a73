// What a catalog says about right files: order, shards, trajectories, metadata, targets.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "confer/core/error.hpp"
#include "confer/io/catalog_reader.hpp"
#include "support/acts_file.hpp"

namespace confer {
namespace {

using test::ActsFile;
using test::counting;
using test::TemporaryDirectory;
using test::write_plain;

TEST(CatalogReader, OrdersByNetworkStepAndDepthWhateverTheOrderOfFiles) {
  TemporaryDirectory directory;
  for (auto const& [network, step] : {std::pair{"b", 0}, {"a", 20}, {"a", 3}, {"a", 100}}) {
    ActsFile file(directory / (std::string(network) + std::to_string(step) + ".h5"), network, step, 4);
    file.layer("z", {4, 2}, counting({4, 2}));
    file.layer("a", {4, 2}, counting({4, 2}));
  }
  std::vector<std::string> files = find_data_files({directory.path()});
  ASSERT_EQ(files.size(), 4u);
  auto const catalog = read_catalog(files);
  std::reverse(files.begin(), files.end());
  EXPECT_EQ(to_json(read_catalog(files)), to_json(catalog));
  std::vector<std::string> labels;
  for (auto const& checkpoint : catalog.checkpoints)
    for (auto const& layer : checkpoint.layers) labels.push_back(checkpoint.label(layer));
  EXPECT_EQ(labels,
            (std::vector<std::string>{"a@3/z", "a@3/a", "a@20/z", "a@20/a", "a@100/z", "a@100/a", "b@0/z", "b@0/a"}));
}

TEST(CatalogReader, ReadsWhatTheRootAttributesSay) {
  TemporaryDirectory directory;
  ActsFile file(directory / "a.h5", "net", 7, 4);
  file.number("train_loss", 0.25, H5T_IEEE_F32BE);
  file.number("seed", 3, H5T_STD_U8LE);
  file.fixed_text("family", "C");
  file.text("family_name", "größer");
  file.layer("block.2/mlp", {4, 2}, counting({4, 2}), {.type = H5T_IEEE_F64BE});
  file.array("targets/labels", {4}, {0, 1, 1, 0}, {.type = H5T_STD_I64LE});
  file.array("targets/onehot", {4, 2}, counting({4, 2}), {.type = H5T_IEEE_F64LE});
  file.array("targets/y", {4}, counting({4}), {.type = H5T_IEEE_F32LE});
  file.array("something/else", {5}, counting({5}));
  file.close();
  auto const catalog = read_catalog({file.path()});
  EXPECT_TRUE(catalog.refusals.empty());
  ASSERT_EQ(catalog.checkpoints.size(), 1u);
  auto const& checkpoint = catalog.checkpoints[0];
  EXPECT_EQ(checkpoint.label(), "net@7");
  EXPECT_EQ(checkpoint.total_samples, 4);
  EXPECT_EQ(checkpoint.inputs_id, std::string(64, 'a'));
  EXPECT_EQ(checkpoint.metadata.size(), 4u);
  EXPECT_EQ(std::get<double>(checkpoint.metadata.at("train_loss")), 0.25);
  EXPECT_EQ(std::get<double>(checkpoint.metadata.at("seed")), 3);
  EXPECT_EQ(std::get<std::string>(checkpoint.metadata.at("family")), "C");
  EXPECT_EQ(std::get<std::string>(checkpoint.metadata.at("family_name")), "größer");
  ASSERT_EQ(checkpoint.layers.size(), 1u);
  EXPECT_EQ(checkpoint.label(checkpoint.layers[0]), "net@7/block.2/mlp");
  EXPECT_EQ(checkpoint.layers[0].type, StoredType::float64);
  EXPECT_EQ(checkpoint.layers[0].storage, "contiguous");
  ASSERT_EQ(checkpoint.targets.size(), 3u);
  EXPECT_TRUE(checkpoint.targets[0].labels);
  EXPECT_EQ(checkpoint.targets[1].columns, 2);
  EXPECT_FALSE(checkpoint.targets[2].labels);
  ASSERT_EQ(checkpoint.shards.size(), 1u);
  EXPECT_EQ(checkpoint.shards[0].bytes, static_cast<Index>(std::filesystem::file_size(file.path())));
  EXPECT_GT(checkpoint.shards[0].modified, 0);
}

TEST(CatalogReader, KeepsIntegersThatADoubleCannotHold) {
  TemporaryDirectory directory;
  ActsFile file(directory / "a.h5", "net", 0, 4);
  file.remove("step");
  h5::Handle const space(H5Screate(H5S_SCALAR));
  h5::Handle attribute(H5Acreate2(file.id(), "step", H5T_STD_I64BE, space, 0, 0));
  std::int64_t const step = (std::int64_t{1} << 53) + 1;
  H5Awrite(attribute, H5T_NATIVE_INT64, &step);
  attribute.close();
  file.layer("fc", {4, 2}, counting({4, 2}));
  file.close();
  EXPECT_EQ(read_catalog({file.path()}).checkpoints.at(0).step, step);
}

TEST(CatalogReader, JoinsUnevenShardsByTheirAttributes) {
  TemporaryDirectory directory;
  write_plain(directory / "third.h5", "net", 5, 10, 9, 1);
  write_plain(directory / "first.h5", "net", 5, 10, 0, 2);
  write_plain(directory / "second.h5", "net", 5, 10, 2, 7);
  auto const catalog = read_catalog({directory.path()});
  ASSERT_EQ(catalog.checkpoints.size(), 1u);
  auto const& checkpoint = catalog.checkpoints[0];
  ASSERT_EQ(checkpoint.shards.size(), 3u);
  EXPECT_EQ(checkpoint.shards[1].path, directory / "second.h5");
  EXPECT_EQ(checkpoint.shards[1].first_sample, 2);
  EXPECT_EQ(checkpoint.shards[1].samples, 7);
  EXPECT_EQ(checkpoint.layers[0].extents, (std::vector<Index>{10, 3}));
}

TEST(CatalogReader, ShardsKeepOnlyMetadataAndTargetsThatTheyShare) {
  TemporaryDirectory directory;
  for (int part : {0, 1}) {
    ActsFile file(directory / ("s" + std::to_string(part) + ".h5"), "net", 0, 4, 2 * part);
    file.number("seed", 1);
    file.number("shard", part);
    file.layer("fc", {2, 2}, counting({2, 2}), {.type = part == 0 ? H5T_IEEE_F64LE : H5T_IEEE_F32LE});
    file.array("targets/labels", {2}, {0, 1}, {.type = H5T_STD_I64LE});
    if (part == 0) file.array("targets/y", {2}, {0, 1});
  }
  auto const catalog = read_catalog({directory.path()});
  ASSERT_EQ(catalog.checkpoints.size(), 1u);
  auto const& checkpoint = catalog.checkpoints[0];
  EXPECT_EQ(checkpoint.metadata.size(), 1u);
  ASSERT_EQ(checkpoint.targets.size(), 1u);
  EXPECT_EQ(checkpoint.targets[0].name, "labels");
  EXPECT_EQ(checkpoint.warnings.size(), 1u);
  EXPECT_EQ(checkpoint.layers[0].type, StoredType::float32);  // the coarser one decides the rounding error
}

TEST(CatalogReader, UnfoldsATrajectoryIntoCheckpoints) {
  TemporaryDirectory directory;
  ActsFile file(directory / "trajectory.h5", "net", std::nullopt, 2);
  file.array("steps", {3}, {40, 0, 7}, {.type = H5T_STD_I64LE});
  file.array("scalars/train_loss", {3}, {0.1, 3, 1}, {.type = H5T_IEEE_F64LE});
  file.array("scalars/odd", {2}, {0, 1}, {.type = H5T_IEEE_F64LE});
  file.layer("fc", {2, 3, 2}, counting({2, 3, 2}), {.axes = "sample,step,neuron"});
  file.close();
  auto const catalog = read_catalog({file.path()});
  ASSERT_EQ(catalog.checkpoints.size(), 3u);
  std::vector<Index> steps, rows;
  for (auto const& checkpoint : catalog.checkpoints) {
    steps.push_back(checkpoint.step);
    rows.push_back(checkpoint.step_row.value());
    EXPECT_EQ(checkpoint.warnings.size(), 1u);  // the scalar of another length
  }
  EXPECT_EQ(steps, (std::vector<Index>{0, 7, 40}));
  EXPECT_EQ(rows, (std::vector<Index>{1, 2, 0}));
  EXPECT_EQ(std::get<double>(catalog.checkpoints[2].metadata.at("train_loss")), 0.1);
}

TEST(CatalogReader, FindsFilesInDirectoriesGlobsAndBehindLinks) {
  TemporaryDirectory directory;
  std::filesystem::create_directories(directory / "deep/er");
  write_plain(directory / "deep/er/b.h5", "b", 0, 3, 0, 3);
  write_plain(directory / "a.h5", "a", 0, 3, 0, 3);
  write_plain(directory / "c.hdf5", "c", 0, 3, 0, 3);
  std::filesystem::create_symlink(directory / "a.h5", directory / "again.h5");
  std::filesystem::create_directory_symlink(directory.path(), directory / "deep/loop");
  auto const in_directory = find_data_files({directory.path()});
  EXPECT_EQ(in_directory, (std::vector<std::string>{directory / "a.h5", directory / "deep/er/b.h5"}));
  EXPECT_EQ(find_data_files({directory / "*.h?f5"}), std::vector<std::string>{directory / "c.hdf5"});
  EXPECT_EQ(find_data_files({directory / "[d]*/er", directory / "deep/er"}),
            std::vector<std::string>{directory / "deep/er/b.h5"});
  EXPECT_EQ(find_data_files({directory / "a.h5", directory.path(), directory.path() + "/./a.h5"}).size(), 2u);
  EXPECT_THROW(find_data_files({directory / "no"}), InputError);
  EXPECT_THROW(find_data_files({directory / "no*"}), InputError);
  std::filesystem::create_directory(directory / "empty");
  EXPECT_THROW(find_data_files({directory / "empty"}), InputError);
}

TEST(CatalogReader, TravelsAsJson) {
  TemporaryDirectory directory;
  ActsFile file(directory / "a.h5", "quo\"te\n</script>", 7, 4);
  file.number("train_loss", std::numeric_limits<double>::infinity());
  file.number("accuracy", std::numeric_limits<double>::quiet_NaN());
  file.layer("..", {4, 2}, counting({4, 2}));
  file.list_layers({"..", "missing"});
  file.close();
  auto const catalog = read_catalog({file.path()});
  auto const back = catalog_from_json(to_json(catalog));
  EXPECT_EQ(to_json(back), to_json(catalog));
  ASSERT_EQ(back.checkpoints.size(), 1u);
  EXPECT_EQ(back.checkpoints[0].network, "quo\"te\n</script>");
  EXPECT_EQ(back.checkpoints[0].layers.at(0).name, "..");
  EXPECT_EQ(std::get<double>(back.checkpoints[0].metadata.at("train_loss")), std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(std::get<double>(back.checkpoints[0].metadata.at("accuracy"))));
  ASSERT_EQ(back.refusals.size(), 1u);
  EXPECT_EQ(back.refusals[0].dataset, "/activations/missing");
}

}  // namespace
}  // namespace confer
