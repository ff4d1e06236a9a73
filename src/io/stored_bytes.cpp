#include "io/stored_bytes.hpp"

#include <hdf5.h>

#include <array>
#include <cstring>
#include <vector>

#include "confer/io/content_hash.hpp"

namespace confer {

namespace {

using h5::Handle;

constexpr hsize_t most_chunks = 256;

void append(std::string& text, void const* from, std::size_t bytes) {
  std::size_t const size = text.size();
  text.resize(size + bytes);
  if (bytes > 0) std::memcpy(text.data() + size, from, bytes);
}

template <class T>
void append(std::string& text, T const& value) {
  append(text, &value, sizeof value);
}

/// What turns stored bytes into values: type, extents, chunks and filters. Returns the number of chunks, 0 when
/// something cannot be told.
hsize_t append_layout(std::string& text, h5::Id dataset, h5::Id creation, h5::Place const& place) {
  Handle const type(h5::check(H5Dget_type(dataset), place));
  std::size_t type_bytes = 0;
  if (H5Tencode(type, nullptr, &type_bytes) < 0) return 0;
  std::vector<char> bytes(type_bytes);
  if (H5Tencode(type, bytes.data(), &type_bytes) < 0) return 0;
  append(text, bytes.data(), bytes.size());
  auto const extents = h5::extents(dataset, place);
  std::vector<hsize_t> chunk(extents.size(), 1);
  H5Pget_chunk(creation, static_cast<int>(chunk.size()), chunk.data());
  hsize_t chunks = 1;
  for (std::size_t i = 0; i < extents.size(); ++i) {
    append(text, extents[i]);
    append(text, chunk[i]);
    chunks *= (static_cast<hsize_t>(extents[i]) + chunk[i] - 1) / chunk[i];
  }
  for (int i = 0; i < H5Pget_nfilters(creation); ++i) {
    std::array<unsigned, 32> values{};
    std::size_t count = values.size();
    unsigned flags = 0;
    auto const filter =
        H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &count, values.data(), 0, nullptr, nullptr);
    if (filter < 0 || count > values.size()) return 0;
    append(text, filter);
    append(text, values.data(), count * sizeof(unsigned));
  }
  return chunks;
}

}  // namespace

std::string stored_bytes_key(h5::Id dataset, h5::Place const& place, Index file_bytes) {
  Handle const creation(h5::check(H5Dget_create_plist(dataset), place));
  if (H5Pget_layout(creation) != H5D_CHUNKED) return "";
  std::string text;
  hsize_t const expected = append_layout(text, dataset, creation, place);
  Handle const space(h5::check(H5Dget_space(dataset), place));
  hsize_t chunks = 0;
  if (expected > most_chunks || H5Dget_num_chunks(dataset, space, &chunks) < 0 || chunks != expected) return "";
  std::vector<hsize_t> offset(static_cast<std::size_t>(H5Sget_simple_extent_ndims(space)));
  std::vector<char> bytes;
  for (hsize_t i = 0; i < chunks; ++i) {
    unsigned mask = 0;
    haddr_t address = 0;
    hsize_t size = 0;
    if (H5Dget_chunk_info(dataset, space, i, offset.data(), &mask, &address, &size) < 0) return "";
    if (size > static_cast<hsize_t>(file_bytes)) return "";
    bytes.resize(size);
    std::uint32_t skipped_filters = 0;
    if (H5Dread_chunk(dataset, H5P_DEFAULT, offset.data(), &skipped_filters, bytes.data()) < 0) return "";
    append(text, offset.data(), offset.size() * sizeof(hsize_t));
    append(text, skipped_filters);
    text += content_key({bytes.data(), bytes.size()});
  }
  return content_key(text);
}

}  // namespace confer
