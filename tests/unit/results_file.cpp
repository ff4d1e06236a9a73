#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <limits>

#include "confer/core/error.hpp"
#include "confer/io/results.hpp"

namespace confer {
namespace {

namespace fs = std::filesystem;

class ResultsFile : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = fs::temp_directory_path() / ("confer-results-" + std::to_string(::getpid()));
    fs::create_directories(directory_);
  }
  void TearDown() override { fs::remove_all(directory_); }
  std::string path(std::string const& name) const { return (directory_ / name).string(); }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory_), fs::directory_iterator()));
  }
  fs::path directory_;
};

ResultSet example(Index n) {
  auto const count = static_cast<std::size_t>(n);
  ResultSet results;
  results.dimensions = {{"b", 3}, {"a", n}, {"extra", 2}};
  std::vector<std::string> labels(count);
  std::vector<Index> steps(count);
  std::vector<double> cka(count * 3), cube(count * 6);
  for (std::size_t i = 0; i < count; ++i) {
    labels[i] = "net\xc3\xa9, \"q\"\n@" + std::to_string(i);
    steps[i] = static_cast<Index>(i) - 9007199254740993;  // needs more than a double's 53 bits
  }
  for (std::size_t i = 0; i < cka.size(); ++i) cka[i] = i % 7 == 0 ? std::nan("") : std::sin(static_cast<double>(i));
  for (std::size_t i = 0; i < cube.size(); ++i) cube[i] = static_cast<double>(i);
  results.variables = {
      {"label", {"a"}, labels, {{"long_name", std::string("label")}}, true},
      {"step", {"a"}, steps, {}, true},
      {"extra", {"extra"}, std::vector<Index>{5, 7}, {{"units", std::string("component")}}, true},
      {"cka", {"a", "b"}, cka, {{"range", std::vector<double>{0, 1}}, {"symmetric", Index{1}}}, false},
      {"cube", {"b", "a", "extra"}, cube, {}, false},
      {"count", {}, std::vector<Index>{42}, {}, false},
  };
  results.attributes = {{"job", std::string(100000, 'x')},
                        {"seconds", 1.25},
                        {"ranks", Index{3}},
                        {"files", std::vector<std::string>(6000, "some/file.h5")},
                        {"empty", std::vector<std::string>{}},
                        {"nothing", std::string()},
                        {"sizes", std::vector<Index>{1, std::numeric_limits<Index>::max()}}};
  return results;
}

void expect_same(ResultSet const& written, ResultSet const& read) {
  EXPECT_EQ(written.dimensions, read.dimensions);
  EXPECT_EQ(written.attributes, read.attributes);
  ASSERT_EQ(written.variables.size(), read.variables.size());
  for (auto const& variable : written.variables) {
    auto const* other = read.find(variable.name);
    ASSERT_NE(other, nullptr) << variable.name;
    EXPECT_EQ(variable.dimensions, other->dimensions);
    EXPECT_EQ(variable.attributes, other->attributes);
    EXPECT_EQ(variable.coordinate, other->coordinate) << variable.name;
    if (auto const* numbers = std::get_if<std::vector<double>>(&variable.data)) {
      auto const& others = std::get<std::vector<double>>(other->data);
      ASSERT_EQ(numbers->size(), others.size());
      for (std::size_t i = 0; i < numbers->size(); ++i)
        EXPECT_TRUE((*numbers)[i] == others[i] || (std::isnan((*numbers)[i]) && std::isnan(others[i])));
    } else {
      EXPECT_EQ(variable.data, other->data) << variable.name;
    }
  }
}

TEST_F(ResultsFile, ReadsBackWhatWasWritten) {
  for (Index n : {5, 0, 5000}) {  // small and contiguous; without any row; large and filtered
    write_results(path("r.h5"), example(n));
    expect_same(example(n), read_results(path("r.h5")));
  }
  EXPECT_EQ(files(), 1u);  // no temporary file stays
}

TEST_F(ResultsFile, LargeMatricesAreCheckedAgainstDamage) {
  ResultSet results;
  results.dimensions = {{"a", 300}, {"b", 300}};
  std::vector<double> values(90000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<double>(i));
  results.variables = {{"cka", {"a", "b"}, values, {}, false}};
  write_results(path("r.h5"), results);
  EXPECT_EQ(read_results(path("r.h5")).doubles("cka"), values);
  std::fstream file(path("r.h5"), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(fs::file_size(path("r.h5")) / 2));
  file.write("damage", 6).flush();
  try {
    read_results(path("r.h5"));
    ADD_FAILURE() << "damage went unnoticed";
  } catch (InputError const& error) {
    EXPECT_NE(std::string(error.what()).find("'/cka' in "), std::string::npos) << error.what();
  }
}

/// A matrix of 700 x 700 and two that follow from it.
ResultSet with_derived_rows() {
  constexpr std::size_t count = 700;
  ResultSet results;
  results.dimensions = {{"a", 700}, {"b", 700}};
  std::vector<double> values(count * count);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<double>(i));
  results.variables = {{"cka", {"a", "b"}, values, {}, false}};
  results.variables.push_back(
      {"twice",
       {"a", "b"},
       DerivedRows<double>{[](ResultSet const& all, Index first, std::span<double> rows) {
         ASSERT_EQ(rows.size() % count, 0u);
         ASSERT_LE(rows.size(), 256 * count);  // never the whole of it
         auto const from = all.doubles("cka").begin() + first * 700;
         std::transform(from, from + std::ssize(rows), rows.begin(), [](double value) { return 2 * value; });
       }},
       {{"long_name", std::string("twice")}},
       false});
  results.variables.push_back({"row",
                               {"a", "b"},
                               DerivedRows<Index>{[](ResultSet const&, Index first, std::span<Index> rows) {
                                 for (std::size_t i = 0; i < rows.size(); ++i)
                                   rows[i] = first + static_cast<Index>(i / count);
                               }},
                               {},
                               false});
  return results;
}

TEST_F(ResultsFile, DerivedRowsAreMadeWhileTheyAreWritten) {
  write_results(path("r.h5"), with_derived_rows());
  ResultSet const read = read_results(path("r.h5"));
  auto const &cka = read.doubles("cka"), &twice = read.doubles("twice");
  auto const& row = read.integers("row");
  ASSERT_EQ(twice.size(), 490000u);
  for (std::size_t i = 0; i < twice.size(); ++i) {
    ASSERT_EQ(twice[i], 2 * cka[i]);
    ASSERT_EQ(row[i], static_cast<Index>(i / 700));
  }
  EXPECT_EQ(std::get<std::string>(read.at("twice").attributes.at("long_name")), "twice");
}

TEST_F(ResultsFile, ReadsOnlyTheVariablesThatAreWanted) {
  write_results(path("r.h5"), with_derived_rows());
  ResultSet const read = read_results(path("r.h5"), [](std::string const& name) { return name == "row"; });
  ASSERT_EQ(read.variables.size(), 1u);
  EXPECT_EQ(read.variables[0].name, "row");
  EXPECT_EQ(read.dimension("b"), 700);
}

TEST_F(ResultsFile, TextOfAnyKindStaysReadable) {
  ResultSet results;
  results.dimensions = {{"a", 2}};
  results.variables = {
      {"label", {"a"}, std::vector<std::string>{"bad \xff byte", std::string("zero\0byte", 9)}, {}, true}};
  write_results(path("r.h5"), results);
  EXPECT_EQ(read_results(path("r.h5")).strings("label"), (std::vector<std::string>{"bad \xef\xbf\xbd byte",
                                                                                   "zero\xef\xbf\xbd"
                                                                                   "byte"}));
}

TEST_F(ResultsFile, AnEarlierFileStaysWholeWhenWritingFails) {
  write_results(path("r.h5"), example(5));
  auto broken = example(6);
  broken.variables.push_back({"label", {"a"}, std::vector<Index>(6), {}, false});
  EXPECT_THROW(write_results(path("r.h5"), broken), std::logic_error);
  broken = example(6);
  broken.variables.push_back({"bad/name", {"a"}, std::vector<Index>(6), {}, false});
  EXPECT_THROW(write_results(path("r.h5"), broken), std::logic_error);
  broken = example(6);
  broken.variables.push_back({"short", {"a"}, std::vector<Index>(5), {}, false});
  EXPECT_THROW(write_results(path("r.h5"), broken), std::logic_error);
  expect_same(example(5), read_results(path("r.h5")));
  EXPECT_EQ(files(), 1u);
}

void expect_refused(std::string const& path, std::string const& reason) {
  try {
    check_output_path(path);
    ADD_FAILURE() << path << " was accepted";
  } catch (EnvironmentError const& error) {
    EXPECT_NE(std::string(error.what()).find(path), std::string::npos) << error.what();
    EXPECT_NE(error.reason().find(reason), std::string::npos) << error.what();
  }
  EXPECT_THROW(write_results(path, example(2)), EnvironmentError);
}

TEST_F(ResultsFile, PathsThatCannotBeWrittenAreNamed) {
  expect_refused(path("absent/r.h5"), "no directory");
  expect_refused(directory_.string(), "is a directory");
  std::ofstream(path("file")) << "text";
  expect_refused(path("file") + "/r.h5", "no directory");
  fs::create_directory(path("closed"));
  ::chmod(path("closed").c_str(), 0500);
  if (::access(path("closed").c_str(), W_OK) != 0)  // root may write anywhere
    expect_refused(path("closed/r.h5"), "ermission");
  EXPECT_THROW(write_results("/proc/self/r.h5", example(2)), EnvironmentError);  // even for root
}

TEST_F(ResultsFile, AFullDiskIsReportedAndLeavesNothing) {
  struct rlimit const unlimited = [] {
    struct rlimit now {};
    ::getrlimit(RLIMIT_FSIZE, &now);
    return now;
  }();
  struct rlimit small = unlimited;
  small.rlim_cur = 64 * 1024;
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);  // then write() fails as on a full disk
  ::setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_THROW(write_results(path("r.h5"), example(20000)), EnvironmentError);
  EXPECT_THROW(write_results(path("r.h5"), example(5)), EnvironmentError);
  small.rlim_cur = 4 << 20;  // in the middle of the second of three matrices
  ::setrlimit(RLIMIT_FSIZE, &small);
  try {
    write_results(path("r.h5"), with_derived_rows());
    ADD_FAILURE() << "more was written than there is room for";
  } catch (EnvironmentError const& error) {
    EXPECT_NE(std::string(error.what()).find("'" + path("r.h5") + "'"), std::string::npos) << error.what();
    EXPECT_NE(error.reason().find("too large"), std::string::npos) << error.what();
  }
  ::setrlimit(RLIMIT_FSIZE, &unlimited);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(files(), 0u);
  write_results(path("r.h5"), example(5));  // the library is in order again
  expect_same(example(5), read_results(path("r.h5")));
}

TEST_F(ResultsFile, OtherFilesAreRefusedByName) {
  EXPECT_THROW(read_results(path("absent.h5")), InputError);
  std::ofstream(path("text.h5")) << "this is not HDF5";
  EXPECT_THROW(read_results(path("text.h5")), InputError);
  write_results(path("r.h5"), example(5));
  fs::resize_file(path("r.h5"), fs::file_size(path("r.h5")) / 2);
  EXPECT_THROW(read_results(path("r.h5")), InputError);
}

TEST(ResultSet, NamesWhatIsMissing) {
  auto const results = example(2);
  EXPECT_EQ(results.dimension("extra"), 2);
  EXPECT_THROW(results.dimension("none"), std::out_of_range);
  EXPECT_THROW(results.at("none"), std::out_of_range);
  EXPECT_THROW(results.doubles("label"), std::out_of_range);
  EXPECT_EQ(results.integers("count"), std::vector<Index>{42});
  EXPECT_EQ(results.text_attribute("nothing", "x"), "");
  EXPECT_EQ(results.text_attribute("absent", "x"), "x");
}

}  // namespace
}  // namespace confer
