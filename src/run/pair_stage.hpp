/// Second stage of a comparison: pieces of pairs are handed out, computed, journalled and gathered on rank 0.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "confer/comm/communicator.hpp"
#include "confer/linalg/matrix.hpp"
#include "confer/model/row_split.hpp"
#include "run/pair_table.hpp"

namespace confer {

/// How pieces are computed by all ranks together, where that is faster: sums over slices of rows that may be added up
/// from any ranks, and the scores from the sum over all of them.
struct PiecesByRows {
  std::vector<SplitPiece> pieces;  ///< of the job, in order
  std::function<Matrix<Index>(Index piece, Index begin, Index end, std::function<void()> const& poll)> sum;
  std::function<std::vector<PairScores>(Index piece, Matrix<Index> const& sum, std::function<void()> const& poll)> scores;
};

/// Pairs to be computed by one engine, cut into pieces that are handed out and journalled whole; the same on every
/// rank. The pieces depend on the job, never on the number of ranks.
struct PairJob {
  std::string fingerprint;           ///< of everything the scores depend on: journals of other work are not read
  std::vector<Index> pairs;          ///< of each piece; a piece without pairs is not handed out
  std::vector<std::size_t> columns;  ///< place in the table of each measure that the scores hold
  std::function<std::vector<PairScores>(Index piece, std::function<void()> const& poll)> compute;
  std::optional<PiecesByRows> by_rows = {};
};

/// How the stage reports and when it stops.
struct PairStageControl {
  std::function<bool()> stop_requested;
  std::function<void(double pairs, double found)> begin;  ///< rank 0: pairs in all, and found in journals
  std::function<void(double pairs_done)> progress;        ///< rank 0: pairs done, found ones included
};

struct PairStageReport {
  bool stopped = false;
  Index pieces = 0;        ///< with anything to compute
  Index pieces_found = 0;  ///< finished by an earlier run
  Index pieces_done = 0;   ///< over all ranks, by this run
  Index pairs = 0;         ///< of all pieces

  PairStageReport& operator+=(PairStageReport const& other);
};

/// Collective. Computes what no journal holds yet and enters everything into `table` on rank 0 (nullptr elsewhere).
/// When stopped, what is finished stays in the journals.
PairStageReport compare_pairs(Communicator const& comm, PairJob const& job, std::string const& journal_directory,
                              PairStageControl const& control, PairTable* table);

}  // namespace confer
