/// k-means for the rows of a spectral embedding.
#pragma once

#include <cstdint>
#include <vector>

#include "confer/linalg/matrix.hpp"

namespace confer {

/// Labels 0 .. k - 1 of the points in the columns of `points`, seeded by k-means++ (Arthur and Vassilvitskii 2007): the
/// best of several restarts by sum of squared distances. The same seed gives the same labels. Labels may stay unused
/// when points coincide.
std::vector<Index> kmeans(MatrixView<double const> points, Index k, int restarts, std::uint64_t seed);

}  // namespace confer
