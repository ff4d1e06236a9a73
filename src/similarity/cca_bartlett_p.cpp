/// How likely independent representations of normal samples are to correlate at least as much.
#include <limits>

#include "confer/similarity/significance.hpp"
#include "similarity/measures.hpp"

namespace confer {

namespace {

double score(PairStats const& pair) {
  auto const test = bartlett_test(pair.canonical_correlations, degrees_of_freedom(pair), pair.x.rank(), pair.y.rank());
  return test && !test->steps.empty() ? test->steps.front().p_value : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

Measure const measures::cca_bartlett_p = {
    .name = "cca_bartlett_p",
    .long_name = "p-value of Bartlett's test that no canonical correlation differs from zero",
    .formula =
        "P(chi2 > -(N - (rank x + rank y + 1)/2) ln prod (1 - rho_i^2)), N = n - 1; needs rank x + rank y < N, and is "
        "too small unless n is much larger",
    .reference = "Bartlett 1938",
    .kind = MeasureKind::distance,
    .lowest = 0,
    .highest = 1,
    .symmetric = true,
    .row_invariances = up_to_linear,
    .column_invariances = up_to_linear,
    .needs = needs_canonical,
    .core = false,
    .score = score,
    .chance = nullptr,
};

}  // namespace confer
