/// Singular vector CCA: the mean canonical correlation of the leading singular directions of each side.
#include "confer/similarity/chance.hpp"
#include "similarity/measures.hpp"

namespace confer {

namespace {

double score(PairStats const& pair) {
  auto const rho = pair.truncated_correlations;
  return within(0, sum(rho) / static_cast<double>(rho.size()), 1);
}

std::optional<ChanceLevel> chance(PairStats const& pair) {
  return chance_mean_correlation(degrees_of_freedom(pair), pair.x.components, pair.y.components);
}

}  // namespace

Measure const measures::svcca = {
    .name = "svcca",
    .long_name = "singular vector canonical correlation",
    .formula = "mean singular value of (Ux'Uy)[:kx, :ky], k = leading directions kept",
    .reference = "Raghu et al. 2017",
    .kind = MeasureKind::similarity,
    .lowest = 0,
    .highest = 1,
    .symmetric = true,
    .row_invariances = up_to_rotation,
    .column_invariances = up_to_rotation,
    .needs = needs_truncated,
    .core = true,
    .score = score,
    .chance = chance,
    .chance_by_rank = true,
};

}  // namespace confer
