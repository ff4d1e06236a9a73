/// Chunks whose filters are done and undone here: the library must agree in both directions.
#include <gtest/gtest.h>
#include <hdf5.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "io/results_storage.hpp"
#include "io/whole_chunks.hpp"
#include "support/acts_file.hpp"

namespace confer::test {
namespace {

using h5::Handle;

struct Layout {
  std::vector<Index> extents, chunk;
  bool shuffled = true, checked = false;
};

/// A file with one dataset "x" of that layout.
template <class T>
class ChunkedArray {
 public:
  ChunkedArray(Layout layout, hid_t type) : layout_(std::move(layout)), type_(type) {
    file_ = h5::create_file(path_);
    Handle const properties(H5Pcreate(H5P_DATASET_CREATE));
    auto const chunk = sizes(layout_.chunk), extents = sizes(layout_.extents);
    H5Pset_chunk(properties, static_cast<int>(chunk.size()), chunk.data());
    if (layout_.shuffled) H5Pset_shuffle(properties);
    H5Pset_deflate(properties, 6);
    if (layout_.checked) H5Pset_fletcher32(properties);
    Handle const space(H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr));
    dataset_ = Handle(H5Dcreate2(file_, "x", type, space, H5P_DEFAULT, properties, H5P_DEFAULT));
    Handle const created(H5Dget_create_plist(dataset_));
    auto const format = chunk_format(created, extents.size(), sizeof(T));
    if (!format) throw std::logic_error("the format is not known");
    format_ = *format;
  }

  std::vector<T> values() const {
    Index count = 1;
    for (Index const extent : layout_.extents) count *= extent;
    std::vector<T> result(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = static_cast<T>((i * 7919) % 251);
    return result;
  }
  void write_by_library(std::vector<T> const& values) {
    H5Dwrite(dataset_, type_, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    H5Fflush(file_, H5F_SCOPE_GLOBAL);
  }
  std::vector<T> read_by_library() {
    // From the file: the library would serve what it has in memory.
    dataset_.close();
    file_.close();
    file_ = h5::open_file(path_);
    dataset_ = Handle(H5Dopen2(file_, "x", H5P_DEFAULT));
    auto result = values();
    std::fill(result.begin(), result.end(), T{});
    EXPECT_GE(H5Dread(dataset_, type_, H5S_ALL, H5S_ALL, H5P_DEFAULT, result.data()), 0);
    return result;
  }
  void write_here(std::vector<T> const& values) {
    std::vector<Index> const begin(layout_.extents.size(), 0);
    write_chunks(dataset_, format_, {layout_.extents, begin, layout_.extents}, codec_, values.data(), {path_, "x"});
  }
  bool read_here(std::vector<Index> const& begin, std::vector<Index> const& count, std::vector<T>& out) {
    return read_chunks(dataset_, format_, {layout_.extents, begin, count}, codec_, out.data());
  }

  Layout const& layout() const { return layout_; }
  ChunkFormat const& format() const { return format_; }
  h5::Id dataset() const { return dataset_; }

 private:
  static std::vector<hsize_t> sizes(std::vector<Index> const& extents) { return {extents.begin(), extents.end()}; }

  TemporaryDirectory directory_;
  std::string path_ = directory_ / "chunks.h5";
  Layout layout_;
  hid_t type_;
  Handle file_, dataset_;
  ChunkFormat format_;
  ChunkCodec codec_;
};

std::vector<Layout> layouts() {
  return {{{20, 6}, {8, 6}},
          {{20, 6}, {8, 4}},
          {{17}, {5}},
          {{9, 5, 4, 3}, {4, 5, 4, 3}},
          {{9, 5, 4, 3}, {4, 2, 3, 2}},
          {{20, 6}, {8, 6}, false},
          {{20, 6}, {8, 4}, true, true},
          {{7, 3}, {7, 3}, false, true}};
}

template <class T>
void check_both_ways(hid_t type) {
  for (auto const& layout : layouts()) {
    ChunkedArray<T> ours(layout, type);
    auto const values = ours.values();
    ours.write_by_library(values);
    std::vector<T> read(values.size());
    ASSERT_TRUE(ours.read_here(std::vector<Index>(layout.extents.size(), 0), layout.extents, read));
    EXPECT_EQ(read, values);
    ChunkedArray<T> theirs(layout, type);
    theirs.write_here(values);
    EXPECT_EQ(theirs.read_by_library(), values);
  }
}

TEST(WholeChunks, ValuesOfAnyWidthAreReadAndWrittenAsTheLibraryDoes) {
  check_both_ways<std::uint16_t>(H5T_NATIVE_UINT16);
  check_both_ways<float>(H5T_NATIVE_FLOAT);
  check_both_ways<double>(H5T_NATIVE_DOUBLE);
  check_both_ways<std::uint8_t>(H5T_NATIVE_UINT8);
}

TEST(WholeChunks, NoiseThatDoesNotShrinkIsStoredAsItIs) {
  ChunkedArray<double> array({{64, 3}, {64, 3}, true, true}, H5T_NATIVE_DOUBLE);
  auto values = array.values();
  std::uint64_t state = 1;
  for (double& value : values) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    std::uint64_t const bits = state ^ state >> 29;
    value = static_cast<double>(bits) * 0x1p-40;
  }
  array.write_here(values);
  EXPECT_EQ(array.read_by_library(), values);
}

TEST(WholeChunks, BlocksWhoseBordersAreThoseOfChunks) {
  ChunkedArray<float> array({{20, 6}, {8, 4}}, H5T_NATIVE_FLOAT);
  auto const values = array.values();
  array.write_by_library(values);
  std::vector<Index> const begin = {8, 4}, count = {12, 2};
  ASSERT_TRUE(is_made_of_chunks(array.format(), {array.layout().extents, begin, count}));
  std::vector<float> part(24), expected;
  ASSERT_TRUE(array.read_here(begin, count, part));
  for (std::size_t i = 8; i < 20; ++i)
    for (std::size_t j = 4; j < 6; ++j) expected.push_back(values[i * 6 + j]);
  EXPECT_EQ(part, expected);
  for (auto const& [other_begin, other_count] : std::vector<std::pair<std::vector<Index>, std::vector<Index>>>{
           {{7, 4}, {1, 2}}, {{8, 4}, {11, 2}}, {{8, 3}, {12, 3}}, {{8, 0}, {12, 5}}, {{8, 4}, {0, 2}}})
    EXPECT_FALSE(is_made_of_chunks(array.format(), {array.layout().extents, other_begin, other_count}));
}

TEST(WholeChunks, WhatIsDamagedOrMissingIsLeftToTheLibrary) {
  for (bool const checked : {false, true}) {
    ChunkedArray<float> array({{20, 6}, {8, 6}, true, checked}, H5T_NATIVE_FLOAT);
    std::vector<float> read(120);
    EXPECT_FALSE(array.read_here({0, 0}, {20, 6}, read)) << "never written";
    auto const values = array.values();
    array.write_by_library(values);
    EXPECT_TRUE(array.read_here({0, 0}, {20, 6}, read));
    hsize_t const second[] = {8, 0};
    hsize_t size = 0;
    H5Dget_chunk_storage_size(array.dataset(), second, &size);
    std::vector<char> bytes(size);
    std::uint32_t skipped = 0;
    H5Dread_chunk(array.dataset(), H5P_DEFAULT, second, &skipped, bytes.data());
    bytes[size / 2] = static_cast<char>(bytes[size / 2] ^ 0x10);
    H5Dwrite_chunk(array.dataset(), H5P_DEFAULT, 0, second, size, bytes.data());
    EXPECT_FALSE(array.read_here({0, 0}, {20, 6}, read));
    EXPECT_TRUE(array.read_here({0, 0}, {8, 6}, read)) << "the chunk before it is whole";
    H5Dwrite_chunk(array.dataset(), H5P_DEFAULT, 0, second, 3, bytes.data());
    EXPECT_FALSE(array.read_here({0, 0}, {20, 6}, read)) << "cut off";
  }
}

TEST(WholeChunks, OtherFiltersAndLayoutsAreTheLibrarys) {
  auto const format_of = [](auto const& set) {
    Handle const properties(H5Pcreate(H5P_DATASET_CREATE));
    set(properties.get());
    return chunk_format(properties, 2, 4);
  };
  auto const chunked = [](hid_t properties) {
    hsize_t const chunk[] = {8, 6};
    H5Pset_chunk(properties, 2, chunk);
  };
  EXPECT_FALSE(format_of([](hid_t) {})) << "contiguous";
  EXPECT_FALSE(format_of(chunked)) << "no filter";
  EXPECT_FALSE(format_of([&](hid_t p) { chunked(p), H5Pset_deflate(p, 1), H5Pset_shuffle(p); })) << "another order";
  EXPECT_FALSE(format_of([&](hid_t p) { chunked(p), H5Pset_nbit(p), H5Pset_deflate(p, 1); }));
  EXPECT_FALSE(format_of([&](hid_t p) { chunked(p), H5Pset_shuffle(p); })) << "not compressed";
  EXPECT_FALSE(format_of([](hid_t p) {
    hsize_t const huge[] = {1 << 20, 1 << 10};
    H5Pset_chunk(p, 2, huge);
    H5Pset_deflate(p, 1);
  }));
}

TEST(ResultsStorage, ChunksAreFullAndFitTheCache) {
  using Extents = std::vector<Index>;
  EXPECT_EQ(results_chunk(Extents{5000, 5000}), (Extents{256, 256}));
  EXPECT_EQ(results_chunk(Extents{100000}), (Extents{65536}));
  EXPECT_EQ(results_chunk(Extents{104, 1, 784}), (Extents{104, 1, 256}));
  EXPECT_EQ(results_chunk(Extents{5000, 3, 2, 784}), (Extents{42, 3, 2, 256}));
  EXPECT_EQ(results_chunk(Extents{3, 300, 300}), (Extents{1, 256, 256}));
  for (auto const& extents : {Extents{5000, 5000}, Extents{100000}, Extents{104, 1, 784}, Extents{5000, 3, 2, 784}, Extents{100000, 3}}) {
    Index values = 1;
    for (Index const extent : results_chunk(extents)) values *= extent;
    EXPECT_LE(values, 65536);
    EXPECT_EQ(rows_at_once(extents) % results_chunk(extents).front(), 0);
  }
}

}  // namespace
}  // namespace confer::test
