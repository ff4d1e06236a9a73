/// What a measure of the covariance family sees of a pair of representations: two factors and M = Ux'Uy.
#pragma once

#include <span>
#include <vector>

#include "confer/linalg/matrix.hpp"

namespace confer {

/// One representation in a pair. X (rows x features, centred) = U diag(s) V', kept to numerical rank r.
struct Side {
  Index rows = 0;                              ///< n; degrees of freedom are n - 1
  Index features = 0;                          ///< p
  std::span<double const> singular_values;     ///< s, descending, length r
  Index components = 0;                        ///< leading directions that SVCCA keeps
  double total_variance = 0;                   ///< sum of s^2 = ||X||_F^2
  double sum_fourth_powers = 0;                ///< sum of s^4 = ||X X'||_F^2
  double sum_squared_row_norms = 0;            ///< sum_i |x_i|^4, |x_i| the norm of centred row i

  Index rank() const { return static_cast<Index>(singular_values.size()); }
};

/// What a measure asks the engine to prepare beyond M itself. Flags combine with |.
enum Need : unsigned {
  needs_factors_only = 0,      ///< no M: numbers of the two sides suffice
  needs_cross = 1u << 0,       ///< M
  needs_canonical = 1u << 1,   ///< singular values of M
  needs_truncated = 1u << 2,   ///< singular values of M[:kx, :ky]
  needs_nuclear = 1u << 3,     ///< singular values of Sx M Sy
  needs_weights = 1u << 4,     ///< PWCCA weights of the neurons of both sides
  needs_row_norms = 1u << 5,   ///< sum_i |x_i|^2 |y_i|^2
  needs_matching = 1u << 8,    ///< the best one-to-one matching of neurons
  needs_means = 1u << 9,       ///< means of the neurons, and weights as google/svcca takes them
  needs_inner_products = 1u << 10,  ///< of samples with their nearest neighbours
};

/// A pair (row x, column y). Spans are empty unless a chosen measure needs them.
struct PairStats {
  Side x, y;
  MatrixView<double const> cross;                  ///< M = Ux'Uy, rank x by rank y
  std::span<double const> canonical_correlations;  ///< descending, min(rank x, rank y), each in [0, 1]
  std::span<double const> truncated_correlations;  ///< of the kept components
  std::span<double const> cross_covariance_values; ///< singular values of Sx M Sy, descending
  std::span<double const> canonical_weights;       ///< alpha_i = sum_j |<h_i, x_j>|, one per canonical correlation
  std::span<double const> canonical_weights_column;  ///< the same of the column's neurons y_j
  std::span<double const> google_weights;          ///< of the smaller side's directions, as google/svcca takes them
  double row_norm_product = 0;                     ///< sum_i |x_i|^2 |y_i|^2

  /// Of measures made of neurons: of each neuron of x that varies, the largest correlation with one of y.
  std::span<double const> best_correlations;
  double matched_correlations = 0;  ///< largest sum of correlations of a one-to-one matching
  Index matched_neurons = 0;        ///< pairs in it: the smaller number of neurons that vary

  double squared_cross_covariance() const;         ///< ||Sx M Sy||_F^2 = ||X'Y||_F^2
};

/// M, the canonical correlations and the rest, computed for one pair by plain LAPACK in double precision: what the
/// engine does in bulk, in its simplest form. Used by tests and by analyses of few pairs.
class PairWorkspace {
 public:
  /// Left bases (rows x rank) and loadings diag(s) V' (rank x features; may be empty when no weights are needed).
  struct Factor {
    MatrixView<double const> basis;
    std::span<double const> singular_values;
    MatrixView<double const> loadings;
    std::span<double const> means = {};         ///< of the neurons; empty unless a measure needs them
    std::span<double const> squared_row_norms;  ///< |x_i|^2 of the centred rows; empty: computed from the basis
    Index features = 0;
    Index components = 0;
  };
  PairWorkspace(Factor const& x, Factor const& y, unsigned needs);
  PairWorkspace(PairWorkspace const&) = delete;  // the spans of stats() point into this object
  PairWorkspace& operator=(PairWorkspace const&) = delete;
  PairStats const& stats() const { return stats_; }
  /// The pair seen from the other side (row y, column x).
  PairStats const& transposed() const { return transposed_; }

 private:
  Matrix<double> cross_, cross_transposed_;
  std::vector<double> canonical_, truncated_, nuclear_, weights_x_, weights_y_, google_weights_, google_weights_backward_;
  PairStats stats_, transposed_;
};

}  // namespace confer
