/// How the arrays of a results file are stored: in which chunks, and whether compressed.
#pragma once

#include <span>
#include <vector>

#include "io/h5.hpp"

namespace confer {

constexpr Index filtered_from_values = 8192;  ///< smaller variables stay contiguous: filters would not pay
constexpr Index judged_from_values = Index{1} << 20;  ///< larger ones are compressed only where that pays

/// Extents of the chunks of an array. At most 512 KiB, which fits HDF5's chunk cache.
std::vector<Index> results_chunk(std::vector<Index> const& extents);

/// How many rows (along the first axis) are written at a time: whole chunks, each of them once.
Index rows_at_once(std::vector<Index> const& extents);

/// Chunks with a checksum in the creation properties of a dataset; compressed or not.
enum class Compression { none, gzip };
void set_filters(h5::Id properties, std::vector<Index> const& extents, Compression compression);

/// Digits of scores are noise that costs deflate a second for every 30 MB and leaves 83 % of them; NaNs, codes and
/// chance levels come again and again.
bool values_repeat(std::span<double const> values);

}  // namespace confer
