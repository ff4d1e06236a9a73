#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "confer/core/error.hpp"
#include "confer/io/basis_store.hpp"
#include "confer/io/basis_writer.hpp"
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
  Index const bytes = here.file_bytes("k"), portion = 100;
  for (Index begin = 0; begin < bytes; begin += portion) {
    std::vector<std::byte> part(static_cast<std::size_t>(std::min(portion, bytes - begin)));
    here.export_part("k", begin, part);
    EXPECT_FALSE(there.find("k"));
    there.import_part("k", begin, part, bytes);
  }
  EXPECT_TRUE(there.find("k"));
  EXPECT_EQ(there.read_row_norms("k"), here.read_row_norms("k"));
}

TEST_F(BasisStoreTest, IsWrittenInPiecesBySeveral) {
  BasisStore const store(directory);
  Matrix<float> const basis = numbered(23, 3), loadings = numbered(3, 11);
  std::vector<double> norms(23);
  for (std::size_t i = 0; i < norms.size(); ++i) norms[i] = static_cast<double>(i);
  BasisShape const shape{4, 23, 3, 11, 5, 4, true};
  ASSERT_EQ(shape.bands(), 5);
  ASSERT_EQ(shape.feature_ranges(), 3);
  auto const band = [&](Index number) { return basis.view().block(5 * number, 0, shape.rows_of(number), 3); };
  auto const band_norms = [&](Index number) {
    return std::span(norms).subspan(static_cast<std::size_t>(5 * number), static_cast<std::size_t>(shape.rows_of(number)));
  };
  {
    BasisWriter first(store, "k", "t", shape, BasisWriter::Role::creates);
    BasisWriter second(store, "k", "t", shape, BasisWriter::Role::joins);
    for (Index b : {4, 0}) second.write_band(b, band(b), band_norms(b));
    for (Index b : {1, 2, 3}) first.write_band(b, band(4 - b), band_norms(4 - b).first(5));  // replaced below
    for (Index b : {1, 2, 3}) first.write_band(b, band(b), band_norms(b));
    second.write_loadings(1, loadings.view().block(0, 4, 3, 4));
    first.write_loadings(0, loadings.view().block(0, 0, 3, 4));
    first.write_loadings(2, loadings.view().block(0, 8, 3, 3));
    Matrix<float> again(3, 3);
    second.read_band(4, again.view());
    EXPECT_EQ(again(2, 2), basis(22, 2));
    EXPECT_FALSE(store.find("k"));
    first.finish(example_summary(), second.checksums());
  }
  ASSERT_TRUE(store.find("k"));
  for (Index begin = 0; begin < 23; ++begin)
    for (Index count = 1; begin + count <= 23; ++count) {
      Matrix<float> part(count, 2);
      store.read_basis("k", begin, part);
      for (Index i = 0; i < count; ++i) ASSERT_EQ(part(i, 1), basis(begin + i, 1));
    }
  Matrix<float> some(3, 5);
  store.read_loadings("k", 3, some.view());
  EXPECT_EQ(some(2, 4), loadings(2, 7));
  EXPECT_EQ(store.read_row_norms("k"), norms);
  std::string const path = directory + "/k.basis";
  change_byte(path, static_cast<Index>(fs::file_size(path)) / 2);
  EXPECT_FALSE(store.find("k")) << "a changed piece was not noticed";
}

TEST_F(BasisStoreTest, LeavesNothingOfAFileThatIsNotFinished) {
  BasisStore const store(directory);
  {
    BasisWriter writer(store, "k", "t", {4, 5, 2, 0, 5, 1, true}, BasisWriter::Role::creates);
    writer.write_band(0, numbered(5, 2), std::vector<double>(5, 1.0));
  }
  EXPECT_TRUE(fs::is_empty(directory));
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

TEST(ContentHash, APieceAtATimeIsTheWhole) {
  std::string whole;
  ContentHash hash;
  for (int i = 0; i < 3000; ++i) {
    std::string const piece = std::to_string(i * i) + std::string(static_cast<std::size_t>(i % 7), 'x');
    hash.add(piece);
    whole += piece;
    if (i % 500 == 0) {
      EXPECT_EQ(hash.key(), content_key(whole));
    }
  }
  EXPECT_EQ(hash.key(), content_key(whole));
  EXPECT_EQ(hash.key().size(), 32u);
  hash.add("y");
  EXPECT_NE(hash.key(), content_key(whole));
}

}  // namespace
}  // namespace confer
