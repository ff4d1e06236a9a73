/// Linear regression: the share of the column's variance that a least-squares fit from the row explains in sample.
#include "confer/similarity/chance.hpp"
#include "similarity/measures.hpp"

namespace confer {

namespace {

double score(PairStats const& pair) {
  double explained = 0;
  for (Index j = 0; j < pair.cross.cols; ++j) {
    double const t = pair.y.singular_values[static_cast<std::size_t>(j)];
    double column = 0;
    for (double m : pair.cross.column_span(j)) column += m * m;
    explained += t * t * column;
  }
  return within(0, explained / pair.y.total_variance, 1);
}

std::optional<ChanceLevel> chance(PairStats const& pair) { return chance_regression(pair.x, pair.y); }

}  // namespace

Measure const measures::regression = {
    .name = "regression",
    .long_name = "linear regression R2 of the column from the row",
    .formula = "||Ux'Y||_F^2 / ||Y||_F^2",
    .reference = "Kornblith et al. 2019",
    .kind = MeasureKind::similarity,
    .lowest = 0,
    .highest = 1,
    .symmetric = false,
    .row_invariances = up_to_linear,
    .column_invariances = up_to_rotation,
    .needs = needs_cross,
    .core = true,
    .score = score,
    .chance = chance,
};

}  // namespace confer
