/// Measures what the cost model needs of measures of samples and of neurons: matchings, lists of neighbours, kernels.
#pragma once

#include <vector>

#include "confer/model/cost_model.hpp"
#include "confer/similarity/measure.hpp"

namespace confer {

/// Enters the rates of the kinds of measures that are among `measures`, spending about `budget` seconds on each.
void measure_sample_rates(std::vector<Measure const*> const& measures, Index neighbours, double budget,
                          MachineRates& rates);

}  // namespace confer
