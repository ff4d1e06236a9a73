/// Mutual information of neurons from histograms with quantile bins, in nats.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "confer/linalg/matrix.hpp"

namespace confer {

/// The values of a neuron as bin numbers.
struct Binned {
  std::vector<std::uint8_t> bin;  ///< of each sample
  Index bins = 0;                 ///< in use
};

/// Bins of equal mass. When values of 0 (below 1e-6 of the largest absolute one) make more than a bin of that mass,
/// they get one for themselves, and the others share the rest: rectified neurons are silent for many samples. Equal
/// values always share a bin. `most` is 2 to 255. Invariant to increasing maps that keep 0.
Binned quantile_bins(std::span<double const> values, Index most);

/// Plug-in estimate minus its bias to first order (Miller 1955; Madow): I - (b_x - 1)(b_y - 1) / (2 n), in nats.
/// May be slightly negative for independent neurons.
double mutual_information(Binned const& x, Binned const& y);

}  // namespace confer
