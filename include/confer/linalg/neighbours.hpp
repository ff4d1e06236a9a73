/// The nearest neighbours of every sample of one representation, exactly.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "confer/linalg/matrix.hpp"

namespace confer {

/// What makes samples near: a large inner product, or a small distance.
enum class Nearness { inner_product, distance };

/// k neighbours of each of n samples, the nearest first; the sample itself is never among them, whatever its equals.
struct NeighbourLists {
  Index samples = 0, k = 0;
  std::vector<std::int32_t> indices;      ///< n x k, sample by sample
  std::vector<double> inner_products;     ///< with each neighbour, in the same order, where they are asked for
};

enum class NeighbourDetail { indices, inner_products };

/// samples: features x n. k is cut to n - 1. Samples equally near, up to 1e-12 of the largest norm squared, are ordered
/// by their number. Candidates are found in single precision with a margin, and ordered in double precision as far as
/// they are no farther apart than that; where more
/// than max(1024, 16 k) candidates lie within that margin of 4e-6, the nearest of them in single precision stand.
NeighbourLists nearest_neighbours(MatrixView<double const> samples, Index k, Nearness nearness,
                                  NeighbourDetail detail = NeighbourDetail::inner_products);

/// How many neighbours two lists of a sample have in common, for every sample. a, b: samples x k, sample by sample.
std::vector<Index> common_neighbours(std::span<std::int32_t const> a, std::span<std::int32_t const> b, Index samples,
                                     Index k);

/// Of all neighbours of all samples, how many have the sample among their own.
Index mutual_neighbours(std::span<std::int32_t const> lists, Index samples, Index k);

}  // namespace confer
