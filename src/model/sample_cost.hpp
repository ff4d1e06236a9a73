/// What measures of samples and of neurons add to the cost of a comparison: rows and neurons that are prepared, and
/// their share of the pair stage.
#pragma once

#include "model/pair_part.hpp"

namespace confer {

/// Standardised neurons in the store.
PhaseCost neuron_phase(JobSize const& job, MachineRates const& rates, double allowed);
PairPart neuron_pairs(JobSize const& job, MachineRates const& rates, double allowed, double first_allowed);

/// Prepared rows in the store.
PhaseCost row_phase(JobSize const& job, MachineRates const& rates);
PairPart neighbour_pairs(JobSize const& job, MachineRates const& rates);
/// blocks: 0: all pairs of samples; otherwise those with one of so many blocks of samples.
PairPart kernel_pairs(JobSize const& job, MachineRates const& rates, Index blocks = 0);

/// Bytes of the sums over all samples that the first rank keeps to take those of blocks off.
double kernel_totals_bytes(JobSize const& job);

/// What both leave in the store.
double sample_store_bytes(JobSize const& job);

}  // namespace confer
