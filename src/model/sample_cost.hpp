/// What measures of samples and of neurons add to the cost of a comparison: rows and neurons that are prepared, and
/// their share of the pair stage.
#pragma once

#include <vector>

#include "confer/model/cost_model.hpp"

namespace confer {

/// A part of the pair stage.
struct PairPart {
  std::vector<WorkItems> items;  ///< pieces that are handed out
  double flops = 0;
  double limit = 0;         ///< seconds of the limiting resource alone, on one rank
  double memory = 0;        ///< bytes of a rank
  double first_memory = 0;  ///< bytes of the first rank besides, when the values are made
  double words_sent = 0;    ///< to the first rank, over all ranks
  int name = -1;            ///< what limits it: 0 matching, 1 lists, 2 kernels; -1: as told elsewhere
};

/// Standardised neurons in the store.
PhaseCost neuron_phase(JobSize const& job, MachineRates const& rates, double allowed);
PairPart neuron_pairs(JobSize const& job, MachineRates const& rates, double allowed);

/// Prepared rows in the store.
PhaseCost row_phase(JobSize const& job, MachineRates const& rates);
PairPart neighbour_pairs(JobSize const& job, MachineRates const& rates);
PairPart kernel_pairs(JobSize const& job, MachineRates const& rates);

/// What both leave in the store.
double sample_store_bytes(JobSize const& job);

}  // namespace confer
