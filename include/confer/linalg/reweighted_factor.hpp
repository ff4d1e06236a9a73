/// The factor of rows that count several times or not at all, from the factor in which every row counts once.
#pragma once

#include <span>
#include <vector>

#include "confer/linalg/matrix.hpp"

namespace confer {

/// Sums over the rows u of a basis, each with its weight: what a factor of the weighted rows follows from.
struct WeightedMoments {
  explicit WeightedMoments(Index kept) : sum(static_cast<std::size_t>(kept)), gram(kept, kept) {}

  double weight = 0;        ///< of all rows
  std::vector<double> sum;  ///< of w u
  Matrix<double> gram;      ///< of w u u', lower triangle

  /// rows: any number of rows of the basis; weights: one for each, not negative.
  void add(MatrixView<double const> rows, std::span<double const> weights);
  void add(WeightedMoments const& other);
};

/// X = U diag(s) V' with weights w on its rows, centred anew, is sqrt(w) (U - 1 mean') rotation diag(s) loadings V' /
/// s: the rows of the new basis are sqrt(w_i) (u_i - mean)' rotation, and its loadings are `loadings` V'.
struct ReweightedFactor {
  std::vector<double> mean;             ///< of the rows of U
  std::vector<double> singular_values;  ///< descending
  Matrix<double> rotation;              ///< kept x new rank
  Matrix<double> loadings;              ///< new rank x kept, diag(s) R'

  Index rank() const { return static_cast<Index>(singular_values.size()); }
};

/// singular_values: of the factor, one for each column of its basis. cut: new singular values up to it do not count.
/// Directions that the rows with weight do not span are left out. O(kept^3), whatever the number of rows and features.
ReweightedFactor reweight(WeightedMoments const& moments, std::span<double const> singular_values, double cut);

}  // namespace confer
