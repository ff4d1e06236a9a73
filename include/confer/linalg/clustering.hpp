/// Groups from pairwise similarities or distances: spectral clustering, average linkage, and how well two groupings
/// agree.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "confer/linalg/matrix.hpp"

namespace confer {

struct SpectralOptions {
  Index clusters = 0;       ///< 0: the largest gap between eigenvalues decides
  Index most_clusters = 0;  ///< bound for that decision; 0: half of the connected items
  double threshold = 0;     ///< similarities not above it are no edges; negative ones never are
  double oversize = 1;      ///< clusters of more than 2 oversize n / clusters items are split again; 0: never
  int restarts = 10;        ///< of k-means, the best is kept
  std::uint64_t seed = 0;   ///< same seed, same result
};

struct SpectralClusters {
  std::vector<Index> labels;        ///< 0, 1, ... in order of first appearance; -1 for an item without any edge
  Index clusters = 0;               ///< number of labels in use
  std::vector<double> eigenvalues;  ///< of the normalised Laplacian of the connected items, ascending
};

/// Spectral clustering of a symmetric similarity matrix (the diagonal is not read): eigenvectors of the normalised
/// Laplacian I - D^-1/2 W D^-1/2 with rows of length one, grouped by k-means (Ng, Jordan and Weiss 2001), again on
/// clusters that are too large. Throws std::invalid_argument when a similarity is not finite.
SpectralClusters spectral_clusters(MatrixView<double const> similarity, SpectralOptions const& options = {});

/// A step of agglomeration. Items are clusters 0 .. n - 1; step k makes cluster n + k.
struct Merge {
  Index left = 0, right = 0;  ///< left < right
  double height = 0;          ///< mean distance between their items
  Index size = 0;             ///< items in the new cluster
};

/// Average linkage (UPGMA) of a symmetric distance matrix, by nearest-neighbour chains in O(n^2); n - 1 merges by
/// ascending height. Throws std::invalid_argument when a distance is not finite.
std::vector<Merge> average_linkage(MatrixView<double const> distances);

/// Labels 0, 1, ... in order of first appearance when the tree of n items is cut into `clusters` (1 .. n).
std::vector<Index> cut_tree(std::span<Merge const> merges, Index items, Index clusters);

/// Items in the order in which a dendrogram draws them.
std::vector<Index> leaf_order(std::span<Merge const> merges, Index items);

/// Height at which each pair of items is first in one cluster; n x n, zero diagonal.
Matrix<double> cophenetic_distances(std::span<Merge const> merges, Index items);

/// Agreement of two labelings of the same items: 1 if they are the same grouping, 0 expected by chance (Hubert and
/// Arabie 1985). Two groupings that both put everything together, or both everything apart, agree: 1.
double adjusted_rand_index(std::span<Index const> left, std::span<Index const> right);

}  // namespace confer
