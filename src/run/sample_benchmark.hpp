/// Measures what the cost model needs of measures of samples and of neurons: matchings, lists of neighbours, kernels,
/// fits of folds.
#pragma once

#include <vector>

#include "confer/model/cost_model.hpp"
#include "confer/similarity/measure.hpp"
#include "run/micro_benchmark.hpp"

namespace confer {

/// Enters the rates of the kinds of measures that are among those of the profile, spending about `budget` seconds on
/// each. sizes: numbers of directions, ascending; the largest ones are left to extrapolation.
void measure_sample_rates(KernelProfile const& profile, std::vector<Index> const& sizes, double budget,
                          MachineRates& rates);

}  // namespace confer
