/// Orthogonal Procrustes similarity: how well one rotation, with both sides at unit norm, lays one on the other.
/// Unequal widths need no padding, because zero neurons do not change the nuclear norm.
#include <cmath>

#include "similarity/measures.hpp"

namespace confer {

namespace {

double score(PairStats const& pair) {
  double const norms = std::sqrt(pair.x.total_variance) * std::sqrt(pair.y.total_variance);
  return within(0, sum(pair.cross_covariance_values) / norms, 1);
}

}  // namespace

Measure const measures::procrustes = {
    .name = "procrustes",
    .long_name = "orthogonal Procrustes similarity",
    .formula = "s = ||X'Y||_* / (||X||_F ||Y||_F)",
    .reference = "Schoenemann 1966; Ding, Denain, Steinhardt 2021",
    .kind = MeasureKind::similarity,
    .lowest = 0,
    .highest = 1,
    .symmetric = true,
    .row_invariances = up_to_rotation,
    .column_invariances = up_to_rotation,
    .needs = needs_nuclear,
    .core = true,
    .score = score,
    .chance = nullptr,
};

}  // namespace confer
