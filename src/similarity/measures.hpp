/// What the files of the single measures share: their declarations and the usual sets of invariances.
#pragma once

#include <algorithm>
#include <numeric>
#include <span>

#include "confer/similarity/measure.hpp"

namespace confer {

namespace measures {
#define CONFER_MEASURE(identifier) extern Measure const identifier;
#include "similarity/measures.inc"
#undef CONFER_MEASURE
}  // namespace measures

/// Shift, one common factor and any order of the neurons.
inline constexpr unsigned neuron_wise = invariant_translation | invariant_scale | invariant_permutation;
/// Also rotations and reflections of neuron space.
inline constexpr unsigned up_to_rotation = neuron_wise | invariant_orthogonal;
/// Also every invertible linear map of neuron space.
inline constexpr unsigned up_to_linear = up_to_rotation | invariant_linear;

/// Takes off what rounding adds beyond a bound the measure cannot pass; NaN stays NaN.
inline double within(double lowest, double value, double highest) { return std::clamp(value, lowest, highest); }

inline double sum(std::span<double const> values) { return std::accumulate(values.begin(), values.end(), 0.0); }

inline Index degrees_of_freedom(PairStats const& pair) { return pair.x.rows - 1; }

}  // namespace confer
