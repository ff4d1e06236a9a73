/// Factors in double precision for measures between few representations.
#pragma once

#include "confer/linalg/factor.hpp"
#include "confer/model/catalog.hpp"
#include "confer/model/representation.hpp"
#include "confer/similarity/measure.hpp"
#include "confer/similarity/pair_stats.hpp"

namespace confer {

/// One representation with basis and loadings. A rank of 0 means that nothing varies.
struct LayerFactor {
  Factor factor;
  Index components = 0;  ///< leading directions that hold 99 % of the variance

  Index rank() const { return factor.rank(); }
  PairWorkspace::Factor view() const;
};

/// Reads and factors a representation; activations of up to kept_bytes are held. Throws BadValues, InputError.
LayerFactor factor_layer(Catalog const& catalog, Representation const& representation,
                         std::optional<double> rank_tolerance, Index kept_bytes);

/// Factors features x rows that are in memory.
LayerFactor factor_matrix(MatrixView<double const> values, RankRule const& rule);

/// The measure in both directions, averaged; NaN when a side has no rank. The measure must be of the covariance kind.
double symmetric_score(Measure const& measure, LayerFactor const& a, LayerFactor const& b);

/// Finds a measure of the covariance kind. Throws UsageError naming --measure.
Measure const& covariance_measure(std::string const& name);

}  // namespace confer
