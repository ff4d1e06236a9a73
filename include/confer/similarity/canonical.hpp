/// Canonical correlations of a pair together with the weights that projection-weighted CCA gives them.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "confer/linalg/matrix.hpp"

namespace confer {

/// All vectors have min(rank x, rank y) entries, in the order of descending correlations.
struct CanonicalWeights {
  std::vector<double> correlations;
  std::vector<double> weights_x;  ///< alpha_i = sum_j |<h_i, x_j>| over the neurons x_j, h_i the canonical variates of X
  std::vector<double> weights_y;  ///< the same for Y
};

/// Loadings, rank x neurons, that need not be in memory at once: a call visits them in order in blocks of a multiple of
/// loadings_block neurons (the last may be shorter).
template <class T>
using LoadingsOf = std::function<void(std::function<void(MatrixView<T const> block)> const& visit)>;
inline constexpr Index loadings_block = 512;

/// cross: M = Ux'Uy. loadings: diag(s) V' of each side, rank x neurons; their scale does not matter.
template <class T>
struct CanonicalPair {
  MatrixView<double const> cross;
  LoadingsOf<T> loadings_x, loadings_y;
};

/// Calls use for every pair, in some order. Source: Morcos, Raghu, Bengio 2018. In single precision correlations come
/// from the eigen-decomposition of the smaller side's M M', in double precision from singular values throughout.
template <class T>
void canonical_weights(std::span<CanonicalPair<T> const> pairs,
                       std::function<void(std::size_t pair, CanonicalWeights weights)> const& use);
/// Of one pair.
CanonicalWeights canonical_weights(MatrixView<double const> cross, MatrixView<float const> loadings_x,
                                   MatrixView<float const> loadings_y);
CanonicalWeights canonical_weights(MatrixView<double const> cross, MatrixView<double const> loadings_x,
                                   MatrixView<double const> loadings_y);

/// A side as pwcca.py of google/svcca sees it.
template <class T>
struct GoogleSide {
  std::span<double const> singular_values;
  MatrixView<T const> loadings;   ///< diag(s) V' in units of `scale`, rank x neurons
  double scale = 1;
  std::span<double const> means;  ///< of the neurons
};

/// The weights that it gives canonical correlations, for reproducing published numbers: from directions without the
/// whitening factor to which the neurons' means are added, orthonormalised in order, and from activations that are not
/// centred. The signs of the directions matter to it: they are those of LAPACK for the same matrix. cross: M = Ux'Uy,
/// rank x <= rank y; rows: n. Constant neurons take no part. Empty when the others of x are linearly dependent.
/// Returns rank x weights, in the order of descending correlations.
template <class T>
std::vector<double> google_weights(MatrixView<double const> cross, GoogleSide<T> const& x, GoogleSide<T> const& y,
                                   Index rows);

}  // namespace confer
