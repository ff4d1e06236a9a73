/// Files that stay open give what is in them now, not what was in them before.
#include <gtest/gtest.h>

#include <filesystem>

#include "confer/core/error.hpp"
#include "confer/io/activation_reader.hpp"
#include "confer/io/catalog_reader.hpp"
#include "io/h5.hpp"
#include "support/acts_file.hpp"

namespace confer::test {
namespace {

void write(std::string const& path, double offset) {
  ActsFile file(path, "net", 0, 5);
  auto values = counting({5, 3});
  for (double& value : values) value += offset;
  file.layer("fc", {5, 3}, values);
}

double first_value(OpenFiles& files, std::string const& path) {
  Catalog const catalog = read_catalog({path});
  auto const representations = select_representations(catalog, {});
  Matrix<double> values(3, 5);
  StoredValues seen;
  ActivationReader(catalog, representations.at(0), 1 << 20, &files).read(0, 5, values, seen);
  return values(0, 0);
}

TEST(OpenFiles, AFileThatWasReplacedIsReadAnew) {
  TemporaryDirectory directory;
  std::string const path = directory / "a.h5", other = directory / "b.h5";
  write(path, 10);
  write(other, 20);
  OpenFiles files;
  double const before = first_value(files, path);
  EXPECT_EQ(first_value(files, path), before);
  std::filesystem::rename(other, path);
  EXPECT_EQ(first_value(files, path), before + 10);
}

TEST(OpenFiles, MoreFilesThanStayOpen) {
  TemporaryDirectory directory;
  OpenFiles files;
  auto const path = [&](int i) { return directory / ("f" + std::to_string(i) + ".h5"); };
  for (int i = 0; i < 70; ++i) {
    write(path(i), i);
    h5::Handle const file(files.open(path(i)));
    EXPECT_TRUE(file.valid());
  }
  for (int const i : {69, 10, 1, 69}) EXPECT_EQ(first_value(files, path(i)) - first_value(files, path(0)), i);
}

TEST(OpenFiles, AFileThatIsGoneIsAnInputError) {
  OpenFiles files;
  TemporaryDirectory directory;
  EXPECT_THROW(files.open(directory / "none.h5"), InputError);
  std::string const path = directory / "a.h5";
  write(path, 0);
  first_value(files, path);
  std::filesystem::remove(path);
  EXPECT_THROW(files.open(path), InputError);
}

}  // namespace
}  // namespace confer::test
