/// What the measures of the neighbour family share.
#pragma once

#include <vector>

#include "confer/similarity/kernel_stats.hpp"
#include "confer/similarity/neighbour_stats.hpp"

namespace confer {

/// For each sample how many neighbours the two lists have in common.
std::vector<Index> overlaps(NeighbourStats const& pair);

/// Chance level of the mean over samples of `share(overlap)` when the samples of one side are relabelled. The mean is
/// exact (hypergeometric). The deviation is exact where share(o) = o / k; elsewhere it is taken to stand to that one as
/// the deviation of a single sample's share does.
ChanceLevel chance_of_overlap(NeighbourGraph const& x, NeighbourGraph const& y, double (*share)(Index overlap, Index k));

}  // namespace confer
