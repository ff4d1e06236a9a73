#include "io/results_storage.hpp"

#include <hdf5.h>

#include <algorithm>
#include <bit>
#include <cstdint>

namespace confer {

namespace {

constexpr Index chunk_edge = 256;  ///< along the last two axes
constexpr Index chunk_values = chunk_edge * chunk_edge;

}  // namespace

std::vector<Index> results_chunk(std::vector<Index> const& extents) {
  std::vector<Index> chunk(extents.size(), 1);
  Index room = chunk_values;
  for (std::size_t i = extents.size(); i-- > 0;) {
    bool const one_of_last_two = extents.size() > 1 && i + 2 >= extents.size();
    chunk[i] = std::max<Index>(1, std::min({extents[i], room, one_of_last_two ? chunk_edge : room}));
    room /= chunk[i];
  }
  return chunk;
}

Index rows_at_once(std::vector<Index> const& extents) {
  Index const height = results_chunk(extents).front();
  Index row = 1;
  for (std::size_t i = 1; i < extents.size(); ++i) row *= std::max<Index>(1, extents[i]);
  return height * std::max<Index>(1, chunk_values / (row * height));
}

void set_filters(h5::Id properties, std::vector<Index> const& extents, Compression compression) {
  auto const sizes = results_chunk(extents);
  std::vector<hsize_t> const chunk(sizes.begin(), sizes.end());
  H5Pset_chunk(properties, static_cast<int>(chunk.size()), chunk.data());
  if (compression == Compression::gzip) {
    H5Pset_shuffle(properties);
    if (H5Zfilter_avail(H5Z_FILTER_DEFLATE) > 0) H5Pset_deflate(properties, 1);
  }
  H5Pset_fletcher32(properties);
}

bool values_repeat(std::span<double const> values) {
  constexpr std::size_t most = 4096;
  std::size_t const step = std::max<std::size_t>(1, values.size() / most);
  std::vector<std::uint64_t> sample;
  for (std::size_t i = 0; i < values.size() && sample.size() < most; i += step)
    sample.push_back(std::bit_cast<std::uint64_t>(values[i]));
  std::size_t const count = sample.size();
  std::sort(sample.begin(), sample.end());
  sample.erase(std::unique(sample.begin(), sample.end()), sample.end());
  return 4 * sample.size() < 3 * count;
}

}  // namespace confer
