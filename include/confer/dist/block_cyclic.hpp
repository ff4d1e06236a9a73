/// Block-cyclic distribution as pure index arithmetic: who owns what, and where.
#pragma once

#include <algorithm>
#include <cmath>

#include "confer/core/types.hpp"

namespace confer {

/// One dimension of `size` elements dealt to `parts` processes in blocks: block b belongs to process b mod parts.
struct BlockCyclic {
  Index size = 0;
  Index block = 64;
  Index parts = 1;

  /// The process that owns a global element.
  int owner(Index global) const { return static_cast<int>(global / block % parts); }
  /// Its position among the elements of its owner.
  Index local(Index global) const { return global / (block * parts) * block + global % block; }
  /// The global position of an element of a process.
  Index global(Index local, int part) const { return (local / block * parts + part) * block + local % block; }
  /// How many elements a process owns.
  Index local_size(int part) const {
    Index const whole_blocks = size / block;
    Index count = whole_blocks / parts * block;
    Index const extra = whole_blocks % parts;
    if (part < extra) count += block;
    if (part == extra) count += size % block;
    return count;
  }
};

/// A grid of rows x cols processes.
struct GridShape {
  int rows = 1;
  int cols = 1;
};

/// The grid nearest to a square with rows <= cols that leaves fewer than sqrt(ranks) ranks over.
inline GridShape grid_shape(int ranks) {
  int const rows = std::max(1, static_cast<int>(std::sqrt(static_cast<double>(ranks)) + 1e-9));
  return {rows, ranks / rows};
}

}  // namespace confer
