/// Looks at values as stored: their sum of squares, and where the first one lies that is not finite.
#pragma once

#include <span>
#include <vector>

#include "confer/io/activation_reader.hpp"
#include "confer/model/catalog.hpp"

namespace confer {

/// Where a block lies in its layer: counts and first positions along the layer's axes, in stored order. The first
/// position along the sample axis counts from the first input of the checkpoint.
struct BlockPosition {
  std::vector<Index> begin, count;
};

/// Adds what the block holds to `seen`. Values that are not finite are left out of the sum of squares.
template <class T>
void scan_values(std::span<T const> values, LayerInfo const& layer, BlockPosition const& position, StoredValues& seen);

extern template void scan_values(std::span<float const>, LayerInfo const&, BlockPosition const&, StoredValues&);
extern template void scan_values(std::span<double const>, LayerInfo const&, BlockPosition const&, StoredValues&);

}  // namespace confer
