/// What an earlier results file of the same name already holds: a job that adds checkpoints or measures computes the
/// rest.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "confer/comm/communicator.hpp"
#include "confer/model/config.hpp"
#include "run/pair_table.hpp"

namespace confer {

/// The same on every rank.
struct EarlierResults {
  std::vector<std::size_t> measures;   ///< places in the table of the measures that were computed the same way
  std::vector<Index> place;            ///< per representation: its place in the earlier file, or -1
  Index count = 0;                     ///< representations in the earlier file
  std::vector<std::uint8_t> computed;  ///< count x count: whether the pair had all its values
  Index taken = 0;                     ///< pairs whose values were taken over

  /// Whether the values of the pair are those of the earlier file, for `measures`.
  bool known(Index row, Index col) const {
    Index const i = place[static_cast<std::size_t>(row)], j = place[static_cast<std::size_t>(col)];
    return i >= 0 && j >= 0 && computed[static_cast<std::size_t>(i * count + j)] != 0;
  }
};

/// The version and the options that values depend on, apart from what `keys` of representations cover.
std::string values_depend_on(JobConfig const& config);

/// Collective. Looks at config.run.output, unless --fresh or --coefficients is given: values of pairs whose two
/// representations have the same keys, computed with the same options, go into `table` (rank 0; nullptr elsewhere)
/// where `status` is ok; only those of the measures in `columns`. A file that cannot be read, or of another kind, counts as none.
EarlierResults take_earlier_results(Communicator const& comm, JobConfig const& config,
                                    std::vector<std::string> const& keys, std::vector<Measure const*> const& measures,
                                    std::vector<std::size_t> const& columns, std::vector<PairStatus> const& status,
                                    PairTable* table);

}  // namespace confer
