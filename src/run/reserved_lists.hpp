/// Lists of nearest neighbours that stay complete when the samples of a block are left out.
#pragma once

#include <span>
#include <vector>

#include "confer/io/row_store.hpp"
#include "confer/linalg/neighbours.hpp"

namespace confer {

/// How many neighbours are listed at first of each sample, so that k are all but surely left without any one of so many
/// blocks, where samples near to each other have nothing to do with blocks.
Index reserved_neighbours(Index k, Index blocks);

/// The nearest neighbours of every sample, so many that k of them are left (or all other samples) whichever block is
/// left out, not being that of the sample itself, and no more. samples: features x n. blocks: of each sample.
NeighbourLists nearest_with_reserve(MatrixView<double const> samples, Index k, Nearness nearness,
                                    NeighbourDetail detail, std::span<Index const> blocks);

/// What `left_out`, ascending, leaves of the lists of a record: k of each sample that stays, or all others; samples
/// that stay are numbered anew, in order.
NeighbourLists lists_without(MappedRows const& rows, Index k, std::span<Index const> left_out);

}  // namespace confer
