/// What a rank holds while it computes pairs, fitted to the memory it may use.
#pragma once

#include "confer/core/types.hpp"

namespace confer {

struct JobSize;

/// What is held of a panel of representations; more is read again and again. Neither changes a result.
struct PanelLimits {
  Index rows = 65536;                         ///< of the bases
  double loadings_bytes = 256.0 * (1 << 20);  ///< of a panel's loadings
};

struct PairMemory {
  PanelLimits limits;
  double bytes = 0;  ///< of a rank in the pair stage, beside what it needs in any case
};

/// The most that helps within `allowed` bytes; when even the least does not fit, that, with more bytes than allowed.
PairMemory pair_memory(JobSize const& job, double allowed);

}  // namespace confer
