/// Parts of the pair stage as the cost model sees them: each is handed out for itself.
#pragma once

#include <vector>

#include "confer/model/cost_model.hpp"

namespace confer {

struct PairPart {
  std::vector<WorkItems> items;  ///< pieces that are handed out
  double flops = 0;
  double limit = 0;             ///< seconds of the limiting resource alone, on one rank
  char const* limit_name = "";  ///< that resource
  double memory = 0;            ///< bytes of a rank
  double first_memory = 0;      ///< bytes of the first rank where it needs more
  double words_sent = 0;        ///< to the first rank, over all ranks, besides values
};

/// Measures of factors: tiles between panels. `first_allowed`: bytes that the first rank may take.
PairPart covariance_pairs(JobSize const& job, MachineRates const& rates, double allowed, double first_allowed);

/// Measures of held-out samples.
PairPart held_out_pairs(JobSize const& job, MachineRates const& rates, double allowed, double first_allowed);

}  // namespace confer
