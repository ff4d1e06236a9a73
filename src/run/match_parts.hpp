/// The parts of a pair's analysis beyond best partners and matching. All matrices are over neurons that vary.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "run/match_one.hpp"

namespace confer {

/// What the parts share: two sides and the sums of their products.
struct PairProducts {
  NeuronSide &a, &b;
  std::array<Matrix<double>, 2> const& cross;  ///< per half, live a x live b
  Index features_a = 0, features_b = 0;
};

/// Values over live neurons as values over all, `missing` elsewhere.
template <class T>
std::vector<T> over_all(std::vector<T> const& values, std::vector<Index> const& live, Index features, T missing) {
  std::vector<T> all(static_cast<std::size_t>(features), missing);
  for (std::size_t k = 0; k < live.size(); ++k) all[static_cast<std::size_t>(live[k])] = values[k];
  return all;
}

/// LASSO of every neuron of one side from the other's, in both directions.
void add_sparse_prediction(MatchOptions const& options, PairProducts const& pair, MatchedPair& result,
                           std::function<void()> const& poll);

/// Groups of neurons of one network, from their correlations.
void add_own_clusters(MatchOptions const& options, NeuronSide& side, MatchedRepresentation& result);

/// Groups of neurons of both networks together, from the correlations between them.
void add_joint_clusters(MatchOptions const& options, PairProducts const& pair, MatrixView<double const> correlations,
                        MatchedPair& result);

/// Best partners by mutual information.
void add_information(MatchOptions const& options, PairProducts const& pair, MatchedPair& result,
                     std::function<void()> const& poll);

/// Affine maps in both directions. `labels`: of every sample; empty when there are none.
void add_maps(PairProducts const& pair, std::vector<Index> const& labels, Index rows_per_sample, MatchedPair& result,
              std::function<void()> const& poll);

}  // namespace confer
