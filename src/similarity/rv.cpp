/// The RV coefficient. It is the same number as linear CKA under the name statisticians give it.
#include "similarity/measures.hpp"

namespace confer {

namespace {

double score(PairStats const& pair) { return measures::cka.score(pair); }

std::optional<ChanceLevel> chance(PairStats const& pair) { return measures::cka.chance(pair); }

}  // namespace

Measure const measures::rv = {
    .name = "rv",
    .long_name = "RV coefficient (equal to cka)",
    .formula = "tr(KL) / sqrt(tr(KK) tr(LL)), K = XX', L = YY' of centred X, Y",
    .reference = "Escoufier 1973; Robert, Escoufier 1976",
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
};

}  // namespace confer
