/// Which pairs are computed together: panels of representations, and the tiles between two panels.
///
/// The grid depends on the job alone, never on the number of ranks, so that results are the same bits on any number.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "confer/core/types.hpp"

namespace confer {

/// One representation as the plan sees it.
struct PlanItem {
  Index group = 0;    ///< representations of different groups are never compared; negative: takes no part
  Index rows = 0;
  Index columns = 0;  ///< directions kept
};

/// Representations that are loaded side by side: indices into the items, in order.
struct Panel {
  std::vector<Index> members;
  Index rows = 0;
  Index columns = 0;
};

/// All pairs between two panels of the same group; for row_panel == col_panel the pairs within it.
struct Tile {
  Index row_panel = 0;
  Index col_panel = 0;
  double cost = 0;  ///< seconds on one core of the cost model
};

struct TilePlan {
  std::vector<Panel> panels;
  std::vector<Tile> tiles;  ///< biggest first; of those within a fifth of each other's cost row by row
};

/// Seconds per unit of work on one core; the plan needs only their ratios.
struct PairCost {
  double gemm_flops = 1e11;      ///< single-precision matrix product, flop/s
  double spectra_flops = 8e9;    ///< block spectra, k^3/s
  Index spectra_per_pair = 1;    ///< how many spectra a pair takes
};

/// Predicted seconds for one pair with `rows` samples and k, l directions.
double pair_seconds(PairCost const& cost, Index rows, Index k, Index l);

/// Panels of 256 to 1024 columns, about total/12 or, in small jobs, total/6, of the representations of each group in
/// order, group by group.
std::vector<Panel> plan_panels(std::span<PlanItem const> items);

/// The panels, and all tiles between panels of a group.
TilePlan plan_tiles(std::span<PlanItem const> items, PairCost const& cost);

/// Pairs of a tile that are to be computed.
Index selected_pairs(TilePlan const& plan, Tile const& tile, std::function<bool(Index row, Index col)> const& selected);

}  // namespace confer
