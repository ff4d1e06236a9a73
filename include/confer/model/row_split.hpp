/// Which pieces of pairs are computed by all ranks together, each with some of the rows, instead of being handed out.
///
/// Few pairs of very long representations leave ranks idle when whole pieces are handed out. Their products are then
/// made slice by slice of rows on all ranks, and the sums of slices sent to the one rank that goes on with the piece.
#pragma once

#include <span>
#include <vector>

#include "confer/core/types.hpp"

namespace confer {

/// A piece as the choice sees it.
struct SplitPiece {
  double product_seconds = 0;  ///< of one rank, for the product over all rows
  double other_seconds = 0;    ///< for what follows from the product
  Index slices = 1;            ///< of rows; 1: not to be split
  double sum_words = 0;        ///< size of the product
};

struct RowSplit {
  std::vector<bool> by_rows;  ///< of each piece
  double seconds = 0;         ///< predicted, of all pieces
  double words = 0;           ///< sent to owners, by each rank
};

/// Chooses by predicted time among handing everything out, splitting the pieces that take longer than a rank's share,
/// and splitting all that can be.
RowSplit plan_row_split(std::span<SplitPiece const> pieces, Index ranks);

}  // namespace confer
