#include <gtest/gtest.h>

#include <limits>

#include "confer/core/error.hpp"
#include "confer/io/catalog_reader.hpp"
#include "confer/io/target_reader.hpp"
#include "support/acts_file.hpp"

namespace confer {
namespace {

using test::ActsFile;
using test::counting;
using test::TemporaryDirectory;

// Five samples in shards of two and three; label = sample, y = 10 sample + column.
Catalog write_targets(TemporaryDirectory const& directory, double last_value = 42) {
  for (auto const& [first, samples] : {std::pair<Index, Index>{0, 2}, {2, 3}}) {
    ActsFile file(directory / ("s" + std::to_string(first) + ".h5"), "net", 0, 5, first);
    file.layer("fc", {samples, 2}, counting({samples, 2}));
    std::vector<double> labels, values, column;
    for (Index i = first; i < first + samples; ++i) {
      labels.push_back(static_cast<double>(i));
      column.push_back(0.5 * static_cast<double>(i));
      for (Index k = 0; k < 3; ++k) values.push_back(static_cast<double>(10 * i + k));
    }
    if (first == 2) values.back() = last_value;
    file.array("targets/labels", {samples}, labels, {.type = H5T_STD_I32BE});
    file.array("targets/y", {samples, 3}, values, {.chunk = {1, 2}, .gzip = true});
    file.array("targets/column", {samples}, column);
  }
  return read_catalog({directory.path()});
}

TEST(TargetReader, ReadsLabelsAndValuesAcrossShards) {
  TemporaryDirectory directory;
  auto const catalog = write_targets(directory);
  auto const labels = read_target(catalog, 0, "labels", 0, 5);
  EXPECT_TRUE(labels.is_labels);
  EXPECT_EQ(labels.labels, (std::vector<Index>{0, 1, 2, 3, 4}));
  EXPECT_EQ(read_target(catalog, 0, "labels", 1, 2).labels, (std::vector<Index>{1, 2}));

  auto const y = read_target(catalog, 0, "y", 1, 3);
  EXPECT_FALSE(y.is_labels);
  ASSERT_EQ(y.values.rows(), 3);
  ASSERT_EQ(y.values.cols(), 3);
  for (Index i = 0; i < 3; ++i)
    for (Index k = 0; k < 3; ++k) EXPECT_EQ(y.values(i, k), static_cast<double>(10 * (i + 1) + k));

  auto const column = read_target(catalog, 0, "column", 0, 5);
  ASSERT_EQ(column.values.cols(), 1);
  EXPECT_EQ(column.values(4, 0), 2);
}

TEST(TargetReader, NamesWhatIsThereWhenATargetIsMissing) {
  TemporaryDirectory directory;
  auto const catalog = write_targets(directory);
  try {
    read_target(catalog, 0, "z", 0, 5);
    FAIL();
  } catch (InputError const& error) {
    EXPECT_NE(std::string(error.what()).find("column, labels, y"), std::string::npos) << error.what();
  }
}

TEST(TargetReader, RefusesValuesThatAreNotFinite) {
  TemporaryDirectory directory;
  auto const catalog = write_targets(directory, std::numeric_limits<double>::quiet_NaN());
  EXPECT_NO_THROW(read_target(catalog, 0, "y", 0, 4));
  try {
    read_target(catalog, 0, "y", 0, 5);
    FAIL();
  } catch (InputError const& error) {
    std::string const text = error.what();
    EXPECT_NE(text.find("s2.h5"), std::string::npos) << text;
    EXPECT_NE(text.find("sample 4, column 2"), std::string::npos) << text;
  }
}

TEST(TargetReader, ReadsScalarsOfATrajectory) {
  TemporaryDirectory directory;
  ActsFile file(directory / "trajectory.h5", "net", std::nullopt, 2);
  file.array("steps", {3}, {0, 1, 2}, {.type = H5T_STD_I64LE});
  file.array("scalars/loss", {3}, {3, 2, 1}, {.type = H5T_IEEE_F64LE});
  file.layer("fc", {3, 2, 2}, counting({3, 2, 2}));
  file.close();
  auto const catalog = read_catalog({directory.path()});
  EXPECT_EQ(read_scalar_series(catalog.checkpoints[0], "loss"), (std::vector<double>{3, 2, 1}));
  EXPECT_TRUE(read_scalar_series(catalog.checkpoints[0], "other").empty());
}

}  // namespace
}  // namespace confer
