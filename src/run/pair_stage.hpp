/// Second stage of a comparison: tiles of pairs are handed out, computed, journalled and gathered on rank 0.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "confer/comm/communicator.hpp"
#include "confer/io/basis_store.hpp"
#include "confer/model/tile_plan.hpp"
#include "run/pair_table.hpp"
#include "run/tile_engine.hpp"

namespace confer {

/// What the stage works on; the same on every rank.
struct PairStageInput {
  std::vector<TileMember> members;       ///< every representation
  TilePlan plan;
  TileEngineOptions engine;              ///< measures that are still to be computed
  std::vector<std::size_t> columns;      ///< place of each of them among the measures of the table
  std::function<bool(Index row, Index col)> selected;
  std::string journal_directory;
  std::string fingerprint;
};

/// How the stage reports and when it stops.
struct PairStageControl {
  std::function<bool()> stop_requested;
  std::function<void(double pairs, double found)> begin;  ///< rank 0: pairs in all, and found in journals
  std::function<void(double pairs_done)> progress;        ///< rank 0: pairs done, found ones included
};

/// Pairs of a tile that are to be computed.
Index selected_pairs(PairStageInput const& input, Tile const& tile);

struct PairStageReport {
  bool stopped = false;
  Index tiles = 0;        ///< with anything to compute
  Index tiles_found = 0;  ///< finished by an earlier run
  Index tiles_done = 0;   ///< over all ranks, by this run
  Index pairs = 0;        ///< of all tiles
};

/// Collective. Computes what no journal holds yet and enters everything into `table` on rank 0 (nullptr elsewhere).
/// When stopped, what is finished stays in the journals.
PairStageReport compare_pairs(Communicator const& comm, BasisStore const& store, PairStageInput const& input,
                              PairStageControl const& control, PairTable* table);

}  // namespace confer
