/// Mean canonical correlation.
#include "confer/similarity/chance.hpp"
#include "similarity/measures.hpp"

namespace confer {

namespace {

double score(PairStats const& pair) {
  auto const rho = pair.canonical_correlations;
  return within(0, sum(rho) / static_cast<double>(rho.size()), 1);
}

std::optional<ChanceLevel> chance(PairStats const& pair) {
  return chance_mean_correlation(degrees_of_freedom(pair), pair.x.rank(), pair.y.rank());
}

}  // namespace

Measure const measures::cca = {
    .name = "cca",
    .long_name = "mean canonical correlation",
    .formula = "sum_i rho_i / min(rank x, rank y), rho = singular values of Ux'Uy",
    .reference = "Hotelling 1936; Raghu et al. 2017",
    .kind = MeasureKind::similarity,
    .lowest = 0,
    .highest = 1,
    .symmetric = true,
    .row_invariances = up_to_linear,
    .column_invariances = up_to_linear,
    .needs = needs_canonical,
    .core = true,
    .score = score,
    .chance = chance,
    .chance_by_rank = true,
};

}  // namespace confer
