/// Measures on this rank what the cost model needs: products, spectra, eigen-decompositions, scores, copying.
#pragma once

#include <vector>

#include "confer/model/cost_model.hpp"
#include "confer/similarity/measure.hpp"

namespace confer {

/// How thorough: `brief` takes some 30 ms and measures block kernels at one size; `full` about a second.
enum class Thoroughness { brief, full };

/// What the job will do, so that its own kernels are measured.
struct KernelProfile {
  std::vector<Measure const*> measures;
  Index kept = 50;  ///< typical number of directions
  bool exact = false;
  Index neighbours = 10;  ///< of each sample, for measures of lists of neighbours
  bool reweighted = false;  ///< factors of drawn samples are made
};

/// Times the kernels with the BLAS threads set. Rates of disk and network keep their defaults. Start it on all ranks
/// of a node together: they share its memory.
MachineRates measure_rates(KernelProfile const& profile, Thoroughness thoroughness);

}  // namespace confer
