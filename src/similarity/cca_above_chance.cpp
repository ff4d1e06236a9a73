/// Share of the canonical correlations above the edge of Wachter's law, the largest that unrelated data show. At the
/// edge itself chance still fluctuates: about one in six unrelated pairs has one correlation just above. When
/// correlations are forced to 1 by counting, the edge is 1 and the share 0.
#include "confer/similarity/chance.hpp"
#include "similarity/measures.hpp"

namespace confer {

namespace {

double score(PairStats const& pair) {
  auto const rho = pair.canonical_correlations;
  double const edge = wachter_edge(degrees_of_freedom(pair), pair.x.rank(), pair.y.rank());
  auto const above = std::count_if(rho.begin(), rho.end(), [edge](double r) { return r > edge; });
  return static_cast<double>(above) / static_cast<double>(rho.size());
}

}  // namespace

Measure const measures::cca_above_chance = {
    .name = "cca_above_chance",
    .long_name = "share of canonical correlations above chance",
    .formula = "#{i: rho_i > sqrt(a(1-b)) + sqrt(b(1-a))} / min(rank x, rank y), a = rank x/(n-1), b = rank y/(n-1)",
    .reference = "Wachter 1980; Bouchaud et al. 2007",
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
