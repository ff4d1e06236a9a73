/// What an earlier results file of the same name already holds: a job that adds checkpoints or measures computes the
/// rest.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "confer/comm/communicator.hpp"
#include "confer/model/config.hpp"
#include "run/pair_table.hpp"

namespace confer {

/// One bit for each pair of `count` things, the smaller number first or last.
class PairBits {
 public:
  PairBits() = default;
  explicit PairBits(Index count) : bytes_(static_cast<std::size_t>((count * (count + 1) / 2 + 7) / 8), '\0') {}

  bool test(Index i, Index j) const {
    Index const at = place(i, j);
    return (bytes_[static_cast<std::size_t>(at / 8)] >> (at % 8) & 1) != 0;
  }
  void set(Index i, Index j) {
    Index const at = place(i, j);
    char& byte = bytes_[static_cast<std::size_t>(at / 8)];
    byte = static_cast<char>(byte | 1 << (at % 8));
  }
  std::string& bytes() { return bytes_; }

 private:
  static Index place(Index i, Index j) { return i < j ? j * (j + 1) / 2 + i : i * (i + 1) / 2 + j; }
  std::string bytes_;
};

/// The same on every rank.
struct EarlierResults {
  std::vector<std::size_t> measures;  ///< places in the table of the measures that were computed the same way
  std::vector<Index> place;           ///< per representation: its place in the earlier file, or -1
  PairBits computed;                  ///< pairs of the earlier file that had all their values
  Index taken = 0;                    ///< pairs whose values were taken over

  /// Whether the values of the pair are those of the earlier file, for `measures`.
  bool known(Index row, Index col) const {
    Index const i = place[static_cast<std::size_t>(row)], j = place[static_cast<std::size_t>(col)];
    return i >= 0 && j >= 0 && computed.test(i, j);
  }
};

/// The version and the options that values depend on, apart from what `keys` of representations cover.
std::string values_depend_on(JobConfig const& config);

/// Collective. Looks at config.run.output, unless --fresh or --coefficients is given: values of pairs whose two
/// representations have the same keys, computed with the same options, go into `table` (rank 0; nullptr elsewhere)
/// where they are `wanted`; only those of the measures in `columns`. A file that cannot be read, or of another kind,
/// counts as none.
EarlierResults take_earlier_results(Communicator const& comm, JobConfig const& config,
                                    std::vector<std::string> const& keys, std::vector<Measure const*> const& measures,
                                    std::vector<std::size_t> const& columns,
                                    std::function<bool(Index row, Index col)> const& wanted, PairTable* table);

}  // namespace confer
