/// Neurons of two representations side by side: who is most like whom, one-sided and one to one.
#pragma once

#include <functional>
#include <vector>

#include "confer/linalg/assignment.hpp"
#include "confer/linalg/matrix.hpp"

namespace confer {

/// Mean and spread of every neuron over all rows.
struct NeuronMoments {
  std::vector<double> mean;  ///< of each feature
  std::vector<double> norm;  ///< of the centred column: sqrt(rows) times the standard deviation
  std::vector<Index> live;   ///< features that vary, ascending; the others have no correlation with anything
};

/// Sums over the rows seen so far, taken about a point near the mean: every neuron is accurate relative to its own
/// spread, whatever its offset.
class NeuronSums {
 public:
  explicit NeuronSums(Index features);
  /// The rows that come next, features x count.
  void add(MatrixView<double const> block);
  void add(MatrixView<float const> block);
  /// A neuron is dead when all its values are equal, or as equal as the rounding of an average leaves them.
  NeuronMoments moments() const;

 private:
  template <class T>
  void add_any(MatrixView<T const> block);

  Index rows_ = 0;
  std::vector<double> shift_, sum_, squares_;  ///< shift: mean of the first block; the sums are about it
};

/// Moments of rows that `read` gives: it fills features x count from row `begin` on.
NeuronMoments neuron_moments(Index rows, Index features,
                             std::function<void(Index begin, MatrixView<double> out)> const& read);

/// Centred columns of norm one: rows [begin, begin + count) of the live neurons into `out`, count x live.
/// `block`: features x count, as read.
void standardise(NeuronMoments const& moments, MatrixView<double const> block, MatrixView<double> out);
void standardise(NeuronMoments const& moments, MatrixView<double const> block, MatrixView<float> out);

/// What measures made of neurons see of a p x q matrix of correlations.
struct NeuronPair {
  std::vector<double> best_of_rows;     ///< largest correlation of each row; empty when q = 0
  std::vector<double> best_of_columns;  ///< of each column; empty when p = 0
  double matched = 0;                   ///< sum over the best one-to-one matching
  Index pairs = 0;                      ///< min(p, q)
  AssignmentDuals duals;                ///< to start a similar matching with
};
enum class Matching { none, one_to_one };

/// Values beyond 1 by rounding are taken back to 1.
NeuronPair pair_neurons(MatrixView<double const> correlations, Matching matching, AssignmentDuals const& start = {});

}  // namespace confer
