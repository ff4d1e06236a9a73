/// Normalised Bures similarity of the two Gram matrices, the fidelity of quantum states. The trace of
/// (K^1/2 L K^1/2)^1/2 is the nuclear norm of X'Y, so it equals the Procrustes similarity.
#include "similarity/measures.hpp"

namespace confer {

namespace {

double score(PairStats const& pair) { return measures::procrustes.score(pair); }

}  // namespace

Measure const measures::bures = {
    .name = "bures",
    .long_name = "normalised Bures similarity (equal to procrustes)",
    .formula = "tr((K^1/2 L K^1/2)^1/2) / sqrt(tr K tr L), K = XX', L = YY' of centred X, Y",
    .reference = "Bures 1969; Harvey, Larsen, Williams 2024",
    .kind = MeasureKind::similarity,
    .lowest = 0,
    .highest = 1,
    .symmetric = true,
    .row_invariances = up_to_rotation,
    .column_invariances = up_to_rotation,
    .needs = needs_nuclear,
    .core = false,
    .score = score,
    .chance = nullptr,
};

}  // namespace confer
