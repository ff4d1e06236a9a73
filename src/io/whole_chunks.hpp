/// Blocks of a chunked array whose borders are borders of chunks, read and written chunk by chunk.
#pragma once

#include <cstddef>
#include <vector>

#include "io/chunk_codec.hpp"
#include "io/h5.hpp"

namespace confer {

/// Where a block begins and how far it extends along each axis of an array with these extents.
struct ChunkedBlock {
  std::vector<Index> const& extents;
  std::vector<Index> const& begin;
  std::vector<Index> const& count;
};

/// Whether the block begins and ends where chunks, or the array, do.
bool is_made_of_chunks(ChunkFormat const& format, ChunkedBlock const& block);

/// Reads such a block, as stored, into `out` (row-major). False when a chunk is missing or not as the format says: then
/// reading it by the library gives its fill value, or the reason.
bool read_chunks(h5::Id dataset, ChunkFormat const& format, ChunkedBlock const& block, ChunkCodec& codec, void* out);

/// Writes such a block of values in the type of the file. Throws EnvironmentError.
void write_chunks(h5::Id dataset, ChunkFormat const& format, ChunkedBlock const& block, ChunkCodec& codec,
                  void const* values, h5::Place const& place);

}  // namespace confer
