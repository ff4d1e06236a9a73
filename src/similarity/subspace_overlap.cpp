/// Overlap of the leading singular directions that SVCCA keeps, as the mean squared correlation between them. For equal
/// numbers of directions it is the projection overlap of the two subspaces of sample space.
#include "confer/linalg/dense.hpp"
#include "confer/similarity/chance.hpp"
#include "similarity/measures.hpp"

namespace confer {

namespace {

double score(PairStats const& pair) {
  Index const kx = pair.x.components, ky = pair.y.components;
  return within(0, squared_norm(pair.cross.block(0, 0, kx, ky)) / static_cast<double>(std::min(kx, ky)), 1);
}

std::optional<ChanceLevel> chance(PairStats const& pair) {
  return chance_mean_squared_correlation(degrees_of_freedom(pair), pair.x.components, pair.y.components);
}

}  // namespace

Measure const measures::subspace_overlap = {
    .name = "subspace_overlap",
    .long_name = "projection overlap of the leading singular directions",
    .formula = "||(Ux'Uy)[:kx, :ky]||_F^2 / min(kx, ky), k = leading directions kept",
    .reference = "Krzanowski 1979",
    .kind = MeasureKind::similarity,
    .lowest = 0,
    .highest = 1,
    .symmetric = true,
    .row_invariances = up_to_rotation,
    .column_invariances = up_to_rotation,
    .needs = needs_cross,
    .core = false,
    .score = score,
    .chance = chance,
    .chance_by_rank = true,
};

}  // namespace confer
