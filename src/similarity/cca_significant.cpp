/// Share of the canonical correlations that Bartlett's sequential test keeps at 5 %. It rejects too often unless there
/// are many samples for each direction; cca_above_chance has no such condition.
#include <limits>

#include "confer/similarity/significance.hpp"
#include "similarity/measures.hpp"

namespace confer {

namespace {

/// NaN where the test does not exist: ranks that sum to n - 1 or more.
double score(PairStats const& pair) {
  auto const rho = pair.canonical_correlations;
  auto const test = bartlett_test(rho, degrees_of_freedom(pair), pair.x.rank(), pair.y.rank());
  if (!test) return std::numeric_limits<double>::quiet_NaN();
  return static_cast<double>(test->count) / static_cast<double>(rho.size());
}

}  // namespace

Measure const measures::cca_significant = {
    .name = "cca_significant",
    .long_name = "share of canonical correlations significant by Bartlett's test at 5 %",
    .formula = "k / min(rank x, rank y), k = the smallest number after which prod (1 - rho_i^2) is as chance has it; "
               "needs rank x + rank y < n - 1",
    .reference = "Bartlett 1938; Lawley 1959",
    .kind = MeasureKind::similarity,
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
