/// Mean squared canonical correlation. It is a norm of M, so it needs no singular values.
#include "confer/linalg/dense.hpp"
#include "confer/similarity/chance.hpp"
#include "similarity/measures.hpp"

namespace confer {

namespace {

double score(PairStats const& pair) {
  return within(0, squared_norm(pair.cross) / static_cast<double>(std::min(pair.x.rank(), pair.y.rank())), 1);
}

std::optional<ChanceLevel> chance(PairStats const& pair) {
  return chance_mean_squared_correlation(degrees_of_freedom(pair), pair.x.rank(), pair.y.rank());
}

}  // namespace

Measure const measures::cca_r2 = {
    .name = "cca_r2",
    .long_name = "mean squared canonical correlation",
    .formula = "||Ux'Uy||_F^2 / min(rank x, rank y)",
    .reference = "Yanai 1974; Kornblith et al. 2019",
    .kind = MeasureKind::similarity,
    .lowest = 0,
    .highest = 1,
    .symmetric = true,
    .row_invariances = up_to_linear,
    .column_invariances = up_to_linear,
    .needs = needs_cross,
    .core = true,
    .score = score,
    .chance = chance,
    .chance_by_rank = true,
};

}  // namespace confer
