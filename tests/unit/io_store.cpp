#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "confer/core/error.hpp"
#include "confer/io/basis_store.hpp"
#include "confer/io/journal.hpp"

namespace confer {
namespace {

namespace fs = std::filesystem;

class StoreTest : public testing::Test {
 protected:
  StoreTest() { fs::remove_all(directory); }
  ~StoreTest() override { fs::remove_all(directory); }

  static void change_byte(std::string const& path, Index at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(at);
    auto const byte = static_cast<char>(file.get() ^ 4);
    file.seekp(at);
    file.put(byte);
  }

  std::string directory = fs::temp_directory_path() / ("confer-store-test-" + std::to_string(::getpid()));
};

using BasisStoreTest = StoreTest;
using JournalTest = StoreTest;

FactorSummary example_summary() {
  FactorSummary summary;
  summary.rows = 5;
  summary.features = 3;
  summary.kept = 2;
  summary.singular_values = {2.5, 0.125};
  summary.detail = "a \"quoted\" name\n";
  return summary;
}

Matrix<float> numbered(Index rows, Index cols) {
  Matrix<float> m(rows, cols);
  for (Index i = 0; i < m.size(); ++i) m.data()[i] = static_cast<float>(i) + 0.5f;
  return m;
}

TEST_F(BasisStoreTest, GivesBackWhatWasPut) {
  BasisStore const store(directory);
  Matrix<float> const basis = numbered(5, 2), loadings = numbered(2, 3);
  std::vector<double> const norms = {1, 2, 3, 4, 5};
  store.put("k", example_summary(), basis, loadings, norms);
  auto const summary = store.find("k");
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->singular_values, example_summary().singular_values);
  EXPECT_EQ(summary->detail, example_summary().detail);
  Matrix<float> part(2, 2);
  store.read_basis("k", 3, part);
  EXPECT_EQ(part(0, 0), basis(3, 0));
  EXPECT_EQ(part(1, 1), basis(4, 1));
  Matrix<float> const read = store.read_loadings("k");
  EXPECT_EQ(read(1, 2), loadings(1, 2));
  EXPECT_EQ(store.read_row_norms("k"), norms);
  EXPECT_FALSE(store.find("other"));
}

TEST_F(BasisStoreTest, NoticesDamage) {
  BasisStore const store(directory);
  Matrix<float> const basis = numbered(500, 4), loadings = numbered(4, 3);
  FactorSummary summary = example_summary();
  store.put("k", summary, basis, loadings, std::vector<double>(500, 1.0));
  std::string const path = directory + "/k.basis";
  change_byte(path, static_cast<Index>(fs::file_size(path)) / 2);
  EXPECT_FALSE(store.find("k"));
  EXPECT_FALSE(fs::exists(path));
  store.put("k", summary, basis, loadings, std::vector<double>(500, 1.0));
  fs::resize_file(path, fs::file_size(path) - 9);
  EXPECT_FALSE(store.find("k"));
}

TEST_F(BasisStoreTest, TravelsAsBytes) {
  BasisStore const here(directory + "/here"), there(directory + "/there");
  Matrix<float> const basis = numbered(5, 2);
  here.put("k", example_summary(), basis, Matrix<float>(2, 0), std::vector<double>(5, 1.0));
  there.import_file("k", here.export_file("k"));
  EXPECT_TRUE(there.find("k"));
}

TEST_F(BasisStoreTest, NamesADirectoryThatCannotBeUsed) {
  try {
    BasisStore const store("/proc/confer");
    FAIL() << "a directory in /proc was accepted";
  } catch (EnvironmentError const& error) {
    EXPECT_NE(std::string(error.what()).find("/proc/confer"), std::string::npos);
  }
}

std::vector<std::string> records_of(std::string const& directory, std::string const& fingerprint, JournalReport& report) {
  std::vector<std::string> records;
  report = visit_journals(directory, fingerprint, [&](std::string const& r) { records.push_back(r); });
  return records;
}

TEST_F(JournalTest, GivesBackRecordsOfTheSameJobOnly) {
  {
    Journal journal(directory, "job");
    journal.append("first");
    journal.append(std::string("with\0zero", 9));
  }
  JournalReport report;
  EXPECT_EQ(records_of(directory, "job", report), (std::vector<std::string>{"first", std::string("with\0zero", 9)}));
  EXPECT_EQ(report.damaged_files, 0);
  EXPECT_TRUE(records_of(directory, "another job", report).empty());
  EXPECT_EQ(report.other_files, 1);
  remove_journals(directory);
  EXPECT_FALSE(fs::exists(directory));
  EXPECT_TRUE(records_of(directory, "job", report).empty());
}

TEST_F(JournalTest, LeavesOutTornAndChangedRecords) {
  std::string path;
  {
    Journal journal(directory, "job");
    journal.append("first");
    journal.append("second");
  }
  for (auto const& entry : fs::directory_iterator(directory)) path = entry.path().string();
  fs::resize_file(path, fs::file_size(path) - 2);
  JournalReport report;
  EXPECT_EQ(records_of(directory, "job", report), std::vector<std::string>{"first"});
  EXPECT_EQ(report.damaged_files, 1);
  change_byte(path, static_cast<Index>(fs::file_size(path)) - 30);
  records_of(directory, "job", report);
  EXPECT_EQ(report.damaged_files + report.other_files, 1);
}

TEST_F(JournalTest, ReadsBackItsOwn) {
  Journal journal(directory, "job");
  journal.append("one");
  journal.append("two");
  std::vector<std::string> records;
  journal.visit([&](std::string const& r) { records.push_back(r); });
  EXPECT_EQ(records, (std::vector<std::string>{"one", "two"}));
}

}  // namespace
}  // namespace confer
