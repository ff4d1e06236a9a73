/// Keys made of stored bytes: equal for equal values in equal layouts, different for everything else.
#include <gtest/gtest.h>

#include <set>

#include "confer/io/activation_reader.hpp"
#include "confer/io/catalog_reader.hpp"
#include "support/acts_file.hpp"

namespace confer::test {
namespace {

constexpr Index samples = 20, neurons = 6;

struct Stored {
  ArrayOptions options = {.type = H5T_IEEE_F32LE, .axes = "sample,neuron", .chunk = {8, 6}, .gzip = true};
  double last = 7;
  Index shard_samples = samples;
};

std::string key_of(Stored const& stored, std::string const& network = "net", Selection const& selection = {}) {
  TemporaryDirectory directory;
  for (Index first = 0; first < samples; first += stored.shard_samples) {
    ActsFile file(directory / ("part" + std::to_string(first) + ".h5"), network, 0, samples, first);
    auto values = counting({stored.shard_samples, neurons});
    for (double& value : values) value += static_cast<double>(first * neurons);
    values.back() = stored.last;
    file.layer("fc", {stored.shard_samples, neurons}, values, stored.options);
  }
  Catalog const catalog = read_catalog({directory.path()});
  auto const representations = select_representations(catalog, selection);
  return ActivationReader(catalog, representations.at(0)).stored_key();
}

TEST(StoredKey, TheSameArrayInTwoFilesHasOneKey) {
  EXPECT_FALSE(key_of({}).empty());
  EXPECT_EQ(key_of({}), key_of({}, "another"));
}

TEST(StoredKey, WhateverChangesTheValuesChangesTheKey) {
  std::set<std::string> keys = {key_of({})};
  std::size_t expected = 1;
  auto const add = [&](std::string const& key) {
    EXPECT_FALSE(key.empty());
    keys.insert(key);
    EXPECT_EQ(keys.size(), ++expected) << key;
  };
  Stored other;
  other.last = 8;
  add(key_of(other));
  Stored big_endian;
  big_endian.options.type = H5T_IEEE_F32BE;
  add(key_of(big_endian));
  Stored rechunked;
  rechunked.options.chunk = {20, 6};
  add(key_of(rechunked));
  Stored in_shards;
  in_shards.shard_samples = 10;
  add(key_of(in_shards));
  Selection some;
  some.sample_end = 10;
  add(key_of({}, "net", some));
}

TEST(StoredKey, LayoutsWithoutChunksHaveNone) {
  Stored contiguous;
  contiguous.options.chunk.clear();
  contiguous.options.gzip = false;
  EXPECT_EQ(key_of(contiguous), "");
  Stored unwritten;
  unwritten.options.write = false;
  EXPECT_EQ(key_of(unwritten), "");
}

}  // namespace
}  // namespace confer::test
