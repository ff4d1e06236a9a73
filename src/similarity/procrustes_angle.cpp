/// Procrustes angle, a metric on shapes. The arc cosine loses half the digits at 1: angles below 1e-7 are rounding.
#include <cmath>
#include <numbers>

#include "similarity/measures.hpp"

namespace confer {

namespace {

double score(PairStats const& pair) { return std::acos(measures::procrustes.score(pair)); }

}  // namespace

Measure const measures::procrustes_angle = {
    .name = "procrustes_angle",
    .long_name = "angular Procrustes distance",
    .formula = "arccos(||X'Y||_* / (||X||_F ||Y||_F))",
    .reference = "Williams et al. 2021",
    .kind = MeasureKind::distance,
    .lowest = 0,
    .highest = std::numbers::pi / 2,
    .symmetric = true,
    .row_invariances = up_to_rotation,
    .column_invariances = up_to_rotation,
    .needs = needs_nuclear,
    .core = true,
    .score = score,
    .chance = nullptr,
};

}  // namespace confer
