/// Ridge regression of the column from the row of a pair, its penalty chosen by generalised cross-validation.
#pragma once

#include "confer/similarity/pair_stats.hpp"

namespace confer {

struct RidgeFit {
  double lambda;     ///< in units of the row's largest squared singular value
  double explained;  ///< share of the column's variance explained in sample
  double predicted;  ///< share expected for new samples, 1 - GCV(lambda) / GCV(infinity)
};

/// Source: Golub, Heath, Wahba 1979. One penalty serves all neurons of the column.
RidgeFit cross_validated_ridge(PairStats const& pair);

/// The fit with a given penalty, in the same units.
RidgeFit ridge_fit(PairStats const& pair, double lambda);

}  // namespace confer
