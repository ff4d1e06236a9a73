#include "run/covariance_job.hpp"

#include <memory>
#include <string>

#include "confer/core/text.hpp"
#include "confer/model/tile_plan.hpp"
#include "run/compare_plan.hpp"
#include "run/tile_engine.hpp"

namespace confer {

namespace {

/// How many spectra a pair takes: the cost of a tile beside its product.
PairCost pair_cost(std::vector<Measure const*> const& measures) {
  PairCost cost;
  cost.spectra_per_pair = 0;
  unsigned const needs = combined_needs(measures);
  auto const add = [&](unsigned flag, Index spectra) { cost.spectra_per_pair += (needs & flag) != 0 ? spectra : 0; };
  add(needs_canonical, 1);
  add(needs_truncated, 1);
  add(needs_nuclear, 1);
  add(needs_weights, 4);  // eigenvectors and two products with the loadings
  return cost;
}

SplitPiece split_piece(TilePlan const& plan, Tile const& tile, PairCost const& cost) {
  Panel const& rows = plan.panels[static_cast<std::size_t>(tile.row_panel)];
  Panel const& cols = plan.panels[static_cast<std::size_t>(tile.col_panel)];
  SplitPiece piece;
  piece.sum_words = static_cast<double>(rows.columns) * static_cast<double>(cols.columns);
  piece.product_seconds = 2 * static_cast<double>(rows.rows) * piece.sum_words / cost.gemm_flops;
  if (tile.row_panel == tile.col_panel) piece.product_seconds /= 2;
  piece.other_seconds = std::max(0.0, tile.cost - piece.product_seconds);
  piece.slices = row_slices(rows.rows);
  return piece;
}

std::string fingerprint_of(JobConfig const& config, FactoredSet const& set,
                           std::vector<Measure const*> const& measures) {
  std::string text = "covariance 2\n" + selection_text(config.compare.pairs);
  for (auto const& key : set.keys) text += key + "\n";
  for (auto const* measure : measures) text += std::string(measure->name) + " ";
  auto const& options = config.compare;
  return text + "\nvariance " + format_number(options.variance) + " components " +
         std::to_string(options.components.value_or(0)) + (options.exact ? " exact" : "") +
         (options.coefficients ? " coefficients" : "") + "\n";
}

struct State {
  TilePlan plan;
  std::unique_ptr<TileEngine> engine;
};

}  // namespace

PairJob covariance_job(JobConfig const& config, std::vector<Index> const& rows, std::vector<Index> const& groups,
                       FactoredSet const& set, BasisStore const& store, std::vector<Measure const*> const& measures,
                       std::vector<std::size_t> columns, std::function<bool(Index row, Index col)> selected,
                       PanelLimits const& limits) {
  std::vector<TileMember> members;
  std::vector<PlanItem> items;
  for (std::size_t i = 0; i < set.keys.size(); ++i) {
    members.push_back({set.keys[i], &set.summaries[i]});
    items.push_back({groups[i], rows[i], set.summaries[i].kept});
  }
  auto const state = std::make_shared<State>();
  PairCost const cost = pair_cost(measures);
  state->plan = plan_tiles(items, cost);

  PairJob job;
  std::string fingerprint = fingerprint_of(config, set, measures);
  for (auto const& tile : state->plan.tiles) {
    job.pairs.push_back(selected_pairs(state->plan, tile, selected));
    fingerprint += std::to_string(job.pairs.back()) + " ";
  }
  job.fingerprint = content_key(fingerprint);
  job.columns = std::move(columns);
  TileEngineOptions const options = {measures, config.compare.exact, config.compare.coefficients, limits};
  state->engine = std::make_unique<TileEngine>(store, std::move(members), state->plan, options, std::move(selected));
  job.compute = [state](Index piece, std::function<void()> const& poll) {
    return state->engine->compute(state->plan.tiles[static_cast<std::size_t>(piece)], poll);
  };
  if (combined_needs(measures) == 0 && !config.compare.coefficients) return job;  // nothing is multiplied
  PiecesByRows by_rows;
  bool any = false;
  for (auto const& tile : state->plan.tiles) {
    by_rows.pieces.push_back(split_piece(state->plan, tile, cost));
    any = any || by_rows.pieces.back().slices > 1;
  }
  if (!any) return job;
  by_rows.sum = [state](Index piece, Index begin, Index end, std::function<void()> const& poll) {
    return state->engine->sum_slices(state->plan.tiles[static_cast<std::size_t>(piece)], begin, end, poll);
  };
  by_rows.scores = [state](Index piece, Matrix<Index> const& sum, std::function<void()> const& poll) {
    return state->engine->compute(state->plan.tiles[static_cast<std::size_t>(piece)], sum, poll);
  };
  job.by_rows = std::move(by_rows);
  return job;
}

}  // namespace confer
