/// What a measure of the neighbour family sees of a pair of representations: the nearest neighbours of every sample.
#pragma once

#include <cstdint>
#include <span>

#include "confer/core/types.hpp"

namespace confer {

/// Neighbours of one representation: k of each of n samples, the nearest first, sample by sample.
struct Neighbours {
  std::span<std::int32_t const> indices;
  std::span<double const> inner_products;  ///< of the sample with each of them; empty: not asked for
};

/// A pair: row x, column y, over the same samples.
struct NeighbourStats {
  Index rows = 0;  ///< n
  Index k = 0;
  Neighbours x, y;

  std::span<std::int32_t const> of_x(Index sample) const { return part(x, sample); }
  std::span<std::int32_t const> of_y(Index sample) const { return part(y, sample); }

 private:
  std::span<std::int32_t const> part(Neighbours const& side, Index sample) const {
    return side.indices.subspan(static_cast<std::size_t>(sample * k), static_cast<std::size_t>(k));
  }
};

/// Numbers of one representation's graph of neighbours that chance levels depend on.
struct NeighbourGraph {
  Index rows = 0, k = 0;
  double mutual = 0;             ///< edges whose reverse is an edge
  double in_degree_squares = 0;  ///< sum over samples of the square of how many others have it as neighbour
};
NeighbourGraph neighbour_graph(Neighbours const& side, Index rows, Index k);

}  // namespace confer
