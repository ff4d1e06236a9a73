/// Orders in which the rows of a matrix of pairs are shown, and the tree behind the one by clustering.
#pragma once

#include <vector>

#include "confer/linalg/clustering.hpp"
#include "report/comparison.hpp"

namespace confer::report {

/// Average-linkage tree of n items and the order of its leaves.
struct Linkage {
  std::vector<Merge> merges;        ///< n - 1, by ascending height
  std::vector<std::size_t> leaves;  ///< in the order a dendrogram draws them

  /// Cluster of each leaf, numbered along `leaves`, when the tree is cut into `count` clusters.
  std::vector<std::size_t> cut(std::size_t count) const;
};

/// Distances row-major n x n, symmetric and finite.
Linkage linkage_of(std::vector<double> distances, std::size_t n);

/// All pairs' distances by a measure, row-major R x R, between the given representations; what could not be
/// compared counts as far apart as the most distant known pair.
std::vector<double> distances_between(Comparison const& comparison, MeasureView const& measure,
                                      std::vector<std::size_t> const& representations);

/// Rows by depth, then network, then step; and by network, then step, then depth.
std::vector<std::size_t> order_by_depth(Comparison const& comparison);
std::vector<std::size_t> order_by_network(Comparison const& comparison);

/// Number of clusters between 2 and `most` with the best mean silhouette; 1 when n < 3 or nothing separates.
std::size_t best_cut(Linkage const& linkage, std::vector<double> const& distances, std::size_t most);

}  // namespace confer::report
