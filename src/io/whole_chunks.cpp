#include "io/whole_chunks.hpp"

#include <hdf5.h>

#include <algorithm>
#include <cstring>

namespace confer {

namespace {

std::size_t index(Index i) { return static_cast<std::size_t>(i); }

/// Runs visit(first value in the chunk, first value in the block, values) for each row that a chunk, beginning at
/// `corner` of the block, shares with the block; `shape` is what they share.
template <class Visit>
void for_each_row(std::vector<Index> const& chunk, std::vector<Index> const& block, std::vector<Index> const& corner,
                  std::vector<Index> const& shape, Visit visit) {
  std::size_t const last = shape.size() - 1;
  std::vector<Index> at(shape.size(), 0);
  while (true) {
    Index in_chunk = 0, in_block = 0;
    for (std::size_t i = 0; i < shape.size(); ++i) {
      in_chunk = in_chunk * chunk[i] + at[i];
      in_block = in_block * block[i] + corner[i] + at[i];
    }
    visit(index(in_chunk), index(in_block), index(shape[last]));
    std::size_t axis = last;
    while (axis > 0 && ++at[axis - 1] == shape[axis - 1]) at[--axis] = 0;
    if (axis == 0) return;
  }
}

/// Runs work(offset in the array, corner in the block, shape) for each chunk of a block until it returns false.
template <class Work>
bool for_each_chunk(ChunkFormat const& format, ChunkedBlock const& block, Work work) {
  std::size_t const rank = block.count.size();
  std::vector<Index> corner(rank, 0), shape(rank, 0);
  std::vector<hsize_t> offset(rank, 0);
  while (true) {
    for (std::size_t i = 0; i < rank; ++i) {
      offset[i] = static_cast<hsize_t>(block.begin[i] + corner[i]);
      shape[i] = std::min(format.extents[i], block.count[i] - corner[i]);
    }
    if (!work(offset, corner, shape)) return false;
    std::size_t axis = rank;
    while (axis > 0 && (corner[axis - 1] += format.extents[axis - 1]) >= block.count[axis - 1]) corner[--axis] = 0;
    if (axis == 0) return true;
  }
}

/// Whether the values that a chunk of this shape shares with the block lie one after the other in both.
bool is_contiguous(ChunkFormat const& format, ChunkedBlock const& block, std::vector<Index> const& shape) {
  for (std::size_t i = 1; i < shape.size(); ++i)
    if (shape[i] != format.extents[i] || shape[i] != block.count[i]) return false;
  return true;
}

}  // namespace

bool is_made_of_chunks(ChunkFormat const& format, ChunkedBlock const& block) {
  for (std::size_t i = 0; i < format.extents.size(); ++i) {
    Index const end = block.begin[i] + block.count[i];
    if (block.count[i] < 1 || block.begin[i] % format.extents[i] != 0) return false;
    if (end % format.extents[i] != 0 && end != block.extents[i]) return false;
  }
  return !format.extents.empty();
}

bool read_chunks(h5::Id dataset, ChunkFormat const& format, ChunkedBlock const& block, ChunkCodec& codec, void* out) {
  std::size_t const bytes = format.bytes(), most_stored = 2 * bytes + (std::size_t{1} << 16), width = format.value_bytes;
  auto* const to = static_cast<char*>(out);
  std::vector<char> stored, values;
  return for_each_chunk(format, block, [&](auto const& offset, auto const& corner, auto const& shape) {
    hsize_t size = 0;
    std::uint32_t skipped_filters = 0;
    if (H5Dget_chunk_storage_size(dataset, offset.data(), &size) < 0 || size == 0 || size > most_stored) return false;
    stored.resize(size);
    if (H5Dread_chunk(dataset, H5P_DEFAULT, offset.data(), &skipped_filters, stored.data()) < 0 || skipped_filters != 0)
      return false;
    std::size_t shared = width;
    for (Index const extent : shape) shared *= index(extent);
    if (is_contiguous(format, block, shape)) {
      std::size_t const row = shared / index(shape[0]);
      return codec.decode(format, stored, {to + index(corner[0]) * row, shared});
    }
    values.resize(bytes);
    if (!codec.decode(format, stored, values)) return false;
    for_each_row(format.extents, block.count, corner, shape, [&](std::size_t from, std::size_t at, std::size_t count) {
      std::memcpy(to + at * width, values.data() + from * width, count * width);
    });
    return true;
  });
}

void write_chunks(h5::Id dataset, ChunkFormat const& format, ChunkedBlock const& block, ChunkCodec& codec,
                  void const* values, h5::Place const& place) {
  std::size_t const width = format.value_bytes;
  auto const* const from = static_cast<char const*>(values);
  std::vector<char> chunk(format.bytes(), 0);
  for_each_chunk(format, block, [&](auto const& offset, auto const& corner, auto const& shape) {
    if (shape != format.extents) std::fill(chunk.begin(), chunk.end(), '\0');
    for_each_row(format.extents, block.count, corner, shape, [&](std::size_t to, std::size_t at, std::size_t count) {
      std::memcpy(chunk.data() + to * width, from + at * width, count * width);
    });
    std::uint32_t skipped_filters = 0;
    auto const stored = codec.encode(format, chunk, skipped_filters);
    h5::check_write(H5Dwrite_chunk(dataset, H5P_DEFAULT, skipped_filters, offset.data(), stored.size(), stored.data()),
                    place);
    return true;
  });
}

}  // namespace confer
