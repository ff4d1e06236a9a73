/// Chunks of HDF5 as their filters leave them in the file: shuffle, gzip and fletcher32, done and undone here.
///
/// libdeflate takes a third of the time that the library's own filters take with zlib, for the same format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "io/h5.hpp"

namespace confer {

/// A chunked array with gzip, perhaps shuffle before and fletcher32 after it.
struct ChunkFormat {
  std::vector<Index> extents;  ///< of a chunk
  std::size_t value_bytes = 0;
  bool shuffled = false, checked = false;

  std::size_t values() const;
  std::size_t bytes() const { return values() * value_bytes; }
};

/// nullopt for other layouts, filters and orders of filters, and for chunks of many megabytes: the library reads those.
std::optional<ChunkFormat> chunk_format(h5::Id creation, std::size_t rank, std::size_t value_bytes);

/// Undoes and does filters; keeps its memory from chunk to chunk.
class ChunkCodec {
 public:
  ChunkCodec();
  ~ChunkCodec();
  ChunkCodec(ChunkCodec&&) noexcept;
  ChunkCodec& operator=(ChunkCodec&&) noexcept;

  /// The first values of a chunk, as many as `out` holds. False when the stored bytes are not what the format says.
  bool decode(ChunkFormat const& format, std::span<char const> stored, std::span<char> out);

  /// What the file is to hold for a whole chunk of values, until the next call. `skipped_filters` says, as HDF5 wants
  /// it, that gzip was left out because it did not pay.
  std::span<char const> encode(ChunkFormat const& format, std::span<char const> values, std::uint32_t& skipped_filters);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace confer
