/// The inner loops of the assignment: margins of one bidder against all prices, in blocks.
#pragma once

#include "confer/core/types.hpp"

namespace confer {

/// Elements per block. Minima are kept per block, so that the place of the smallest is found without a second pass.
inline constexpr Index margin_block = 64;
inline Index margin_blocks(Index n) { return (n + margin_block - 1) / margin_block; }

/// Loops for scores of type T; the margin of object j is prices[j] - scores[j].
template <class T>
struct MarginLoops {
  /// smallest[b] <- least margin of block b.
  void (*minima)(T const* scores, double const* prices, Index n, double* smallest);
  /// Where margin + offset is less than distance[j]: distance[j] <- it, previous[j] <- bidder. Then
  /// smallest[b] <- least distance of block b.
  void (*relax)(T const* scores, double const* prices, double offset, Index bidder, Index n, double* distance,
                Index* previous, double* smallest);
};

/// The fastest loops this processor can run. All give the same bits.
template <class T>
MarginLoops<T> margin_loops();

}  // namespace confer
