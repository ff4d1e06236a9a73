/// What a rank holds while it computes pairs, fitted to the memory it may use.
#pragma once

#include "confer/core/types.hpp"

namespace confer {

struct JobSize;

/// What is held of a panel of representations; more is read again and again. Neither changes a result.
struct PanelLimits {
  Index rows = 65536;                         ///< of the bases
  double loadings_bytes = 256.0 * (1 << 20);  ///< of a panel's loadings
  Index neuron_rows = 65536;                  ///< of standardised neurons
  double neuron_window = 128.0 * (1 << 20);   ///< bytes of activations that are read once and kept to standardise them
  double held_out_bytes = 256.0 * (1 << 20);  ///< of bases and folds that are kept for the next pair
  double permuted_bytes = 256.0 * (1 << 20);  ///< of rows that are held while they are put in another order
};

struct PairMemory {
  PanelLimits limits;
  double bytes = 0;  ///< of a rank in the pair stage, beside what it needs in any case
};

/// The most that helps within `allowed` bytes; when even the least does not fit, that, with more bytes than allowed.
/// Nothing when no measure looks at factors.
PairMemory pair_memory(JobSize const& job, double allowed);

/// The same for correlations of neurons: limits.neuron_rows.
PairMemory neuron_pair_memory(JobSize const& job, double allowed);

/// What a rank needs to store the neurons of the largest representation: limits.neuron_window.
PairMemory neuron_store_memory(JobSize const& job, double allowed);

/// The same for measures of held-out samples: limits.held_out_bytes.
PairMemory held_out_memory(JobSize const& job, double allowed);

/// What is held of one representation to judge on held-out samples.
struct HeldOutMemory {
  double folds = 0;   ///< bytes of the factors of all folds
  double window = 0;  ///< of the rows that are read at once, in the order of folds
  double basis = 0;   ///< of all rows
  double making = 0;  ///< besides, while the folds are made

  /// Whether all rows are kept where `limit` bytes are for all representations: four of them fit.
  bool keeps_rows(double limit) const { return 4 * (folds + basis) <= limit; }
  double kept(double limit) const { return folds + (keeps_rows(limit) ? basis : 0); }
};
HeldOutMemory held_out_memory_of(Index rows, Index kept, Index folds, bool exact);

/// Rows of a basis that are read at once to be held out.
inline constexpr Index held_out_rows = 16384;

/// The same to draw the samples of the most demanding representation: limits.permuted_bytes.
PairMemory draw_memory(JobSize const& job, double allowed);

/// Bytes that the first rank needs for kernels of samples: tiles of them, or in the end the sums over all pairs.
double kernel_pair_memory(JobSize const& job);

/// Bytes of lists of neighbours without a block of samples that a rank keeps at most, beside those of a pair.
inline constexpr double reduced_lists_bytes = 32.0 * (1 << 20);

/// Bytes that a rank needs for such lists, if any are made.
double reduced_list_memory(JobSize const& job);

/// Bytes that a rank needs to prepare the rows of the most demanding representation: it has all of them in memory.
double row_memory(JobSize const& job);

}  // namespace confer
