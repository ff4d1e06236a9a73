/// Measures made of kernels of samples, for all pairs: pieces are handed out, summed, journalled now and then, and the
/// sums of all ranks become scores on rank 0.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "confer/comm/communicator.hpp"
#include "confer/io/row_store.hpp"
#include "confer/model/config.hpp"
#include "run/kernel_engine.hpp"
#include "run/pair_stage.hpp"

namespace confer {

/// What is to be computed, the same on every rank.
struct KernelJob {
  std::vector<Measure const*> measures;
  std::vector<std::size_t> columns;  ///< place in the table of each measure
  std::vector<KernelItem> items;     ///< representations
  std::vector<std::string> keys;     ///< of their prepared rows
  std::function<bool(Index row, Index col)> selected;
};

/// Collective. Computes what no journal holds yet and enters values, chance levels and notes into `table` on rank 0
/// (nullptr elsewhere), those of representations with themselves included. When stopped, what is finished stays in the
/// journals. totals: keeps the sums over all samples on rank 0, unless nullptr.
PairStageReport compare_kernels(Communicator const& comm, JobConfig const& config, KernelJob const& job,
                                RowStore const& rows, std::string const& journal_directory,
                                PairStageControl const& control, PairTable* table,
                                std::vector<KernelSums>* totals = nullptr);

/// Whether a measure of kernels can be had without some of the samples: batches are of samples in stored order.
inline bool leaves_out(Measure const& measure) { return measure.kernel != Kernel::minibatch; }

/// Collective. The same without some samples, values alone: what the pairs of samples with these add to the sums is
/// computed, and taken off the totals. Widths of kernels and ranks are those of all samples. `name` tells these samples
/// from others; of measures that cannot be had this way nothing is entered.
PairStageReport compare_kernels_without(Communicator const& comm, JobConfig const& config, KernelJob const& job,
                                        RowStore const& rows, std::vector<KernelSums> const& totals,
                                        LeftOut const& left_out, std::string const& name,
                                        std::string const& journal_directory, PairStageControl const& control,
                                        PairTable* table);

}  // namespace confer
