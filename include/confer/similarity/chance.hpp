/// Chance levels in closed form: what a measure shows between representations that have nothing to do with each other.
#pragma once

#include "confer/similarity/measure.hpp"

namespace confer {

/// Limiting law of squared canonical correlations of independent data (Wachter), a = rx/N, b = ry/N, N = n - 1.
struct WachterLaw {
  double mean_correlation;  ///< mean over the min(rx, ry) correlations, forced ones included
  double edge;              ///< largest correlation that chance alone produces, sqrt(l+)
  double forced_ones;       ///< share of correlations that are 1 by counting alone
};
WachterLaw wachter(Index degrees_of_freedom, Index rank_x, Index rank_y);

/// Its edge alone, which costs next to nothing.
double wachter_edge(Index degrees_of_freedom, Index rank_x, Index rank_y);

/// max(0, rx + ry - N): canonical correlations that equal 1 whatever the data.
Index forced_ones(Index degrees_of_freedom, Index rank_x, Index rank_y);

/// Participation ratio (sum s^2)^2 / sum s^4.
double participation_ratio(Side const& side);

/// Shared by the measures' `chance` functions; each derivation stands in the .cpp. Ranks are at least 1.
ChanceLevel chance_mean_correlation(Index degrees_of_freedom, Index rank_x, Index rank_y);
ChanceLevel chance_mean_squared_correlation(Index degrees_of_freedom, Index rank_x, Index rank_y);
ChanceLevel chance_weighted_correlation(Side const& x, Side const& y);  ///< weights of x
ChanceLevel chance_cka(Side const& x, Side const& y);
ChanceLevel chance_cka_debiased(Index rows);
ChanceLevel chance_regression(Side const& x, Side const& y);

}  // namespace confer
