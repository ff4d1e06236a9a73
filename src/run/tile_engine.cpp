#include "run/tile_engine.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "confer/linalg/block_spectra.hpp"
#include "confer/linalg/dense.hpp"
#include "confer/model/fixed_sum.hpp"
#include "confer/similarity/canonical.hpp"
#include "confer/similarity/chance.hpp"

namespace confer {

namespace {

/// One pair of a tile and the place of its block M in the product.
struct PairTask {
  Index row, col;                  // members
  Index row_slot, col_slot;        // positions in their panels
  MatrixView<double const> cross;  // rank row x rank col
};

void clamp_to_one(std::vector<double>& values) {
  for (double& value : values) value = std::clamp(value, 0.0, 1.0);
}

}  // namespace

Side side_of(FactorSummary const& s) {
  Side side;
  side.rows = s.rows;
  side.features = s.features;
  side.singular_values = s.singular_values;
  side.components = s.components;
  side.total_variance = s.total_variance;
  side.sum_fourth_powers = s.sum_fourth_powers;
  side.sum_squared_row_norms = s.sum_squared_row_norms;
  return side;
}

unsigned combined_needs(std::vector<Measure const*> const& measures) {
  unsigned needs = 0;
  for (auto const* measure : measures)
    if (measure->statistics == StatisticsKind::covariance) needs |= measure->needs;
  return needs;
}

bool needs_transposed(std::vector<Measure const*> const& measures) {
  return std::ranges::any_of(measures, [](Measure const* measure) {
    return measure->statistics == StatisticsKind::covariance &&
           ((measure->needs & needs_means) != 0 || (!measure->symmetric && (measure->needs & needs_cross) != 0));
  });
}

double self_score(Measure const& measure, FactorSummary const& summary) {
  Index const rank = summary.rank();
  Matrix<double> identity(rank, rank);
  for (Index i = 0; i < rank; ++i) identity(i, i) = 1;
  std::vector<double> const ones(static_cast<std::size_t>(rank), 1.0);
  std::vector<double> squares;
  for (double const s : summary.singular_values) squares.push_back(s * s);
  PairStats stats;
  stats.x = stats.y = side_of(summary);
  stats.cross = identity;
  stats.canonical_correlations = ones;
  stats.truncated_correlations = std::span(ones).first(static_cast<std::size_t>(std::min(summary.components, rank)));
  stats.cross_covariance_values = squares;
  stats.canonical_weights = stats.canonical_weights_column = stats.google_weights = ones;
  stats.row_norm_product = summary.sum_squared_row_norms;
  std::vector<double> const itself = {1.0};  // every neuron is its own best partner
  stats.best_correlations = itself;
  stats.matched_correlations = 1;
  stats.matched_neurons = 1;
  return measure.score(stats);
}

template <class T>
struct TileEngine::Worker {
  static constexpr bool is_exact = std::is_same_v<T, double>;

  BasisStore const& store;
  std::vector<TileMember> members;
  TilePlan const& plan;
  TileEngineOptions options;
  std::function<bool(Index, Index)> selected;
  unsigned needs;
  PanelProducts<T> panels{store, members, plan, options.limits};

  FactorSummary const& summary(Index member) const { return *members[static_cast<std::size_t>(member)].summary; }
  bool multiplies() const { return needs != 0 || options.coefficients; }

  std::vector<PairTask> tasks(Tile const& tile, Matrix<double> const& cross) const {
    std::vector<Index> const first_rows = panels.first_columns(tile.row_panel);
    std::vector<Index> const first_cols = panels.first_columns(tile.col_panel);
    auto const& row_members = plan.panels[static_cast<std::size_t>(tile.row_panel)].members;
    auto const& col_members = plan.panels[static_cast<std::size_t>(tile.col_panel)].members;
    bool const within = tile.row_panel == tile.col_panel;
    std::vector<PairTask> list;
    for (std::size_t i = 0; i < row_members.size(); ++i)
      for (std::size_t j = 0; j < (within ? i : col_members.size()); ++j) {
        Index const row = row_members[i], col = col_members[j];
        if (!selected(row, col)) continue;
        list.push_back({row, col, static_cast<Index>(i), static_cast<Index>(j),
                        cross.view().block(first_rows[i], first_cols[j], summary(row).kept, summary(col).kept)});
      }
    return list;
  }

  /// Singular values of a block of each task: the leading rows x cols part, optionally scaled by both spectra.
  std::vector<std::vector<double>> spectra(std::vector<PairTask> const& list, bool truncated, bool scaled,
                                           std::function<void()> const& poll) const {
    std::vector<std::vector<double>> values(list.size());
    auto const shape = [&](PairTask const& task) {
      Index const rows = truncated ? summary(task.row).components : task.cross.rows;
      Index const cols = truncated ? summary(task.col).components : task.cross.cols;
      return task.cross.block(0, 0, std::min(rows, task.cross.rows), std::min(cols, task.cross.cols));
    };
    if constexpr (is_exact) {
      for (std::size_t t = 0; t < list.size(); ++t) {
        auto const block = shape(list[t]);
        Matrix<double> copy(block.rows, block.cols);
        for (Index j = 0; j < block.cols; ++j)
          for (Index i = 0; i < block.rows; ++i)
            copy(i, j) = block(i, j) * (scaled ? summary(list[t].row).singular_values[static_cast<std::size_t>(i)] *
                                                     summary(list[t].col).singular_values[static_cast<std::size_t>(j)]
                                               : 1.0);
        values[t] = singular_values(copy);
        poll();
      }
    } else {
      // In portions, so that a waiting rank is answered; a portion's size does not change any result.
      constexpr std::size_t portion = 64;
      for (std::size_t begin = 0; begin < list.size(); begin += portion) {
        std::vector<ExactBlockView> blocks;
        std::vector<double*> targets;
        for (std::size_t t = begin; t < std::min(list.size(), begin + portion); ++t) {
          auto const block = shape(list[t]);
          values[t].resize(static_cast<std::size_t>(std::min(block.rows, block.cols)));
          blocks.push_back({block.data, block.rows, block.cols, block.ld,
                            scaled ? summary(list[t].row).singular_values.data() : nullptr,
                            scaled ? summary(list[t].col).singular_values.data() : nullptr});
          targets.push_back(values[t].data());
        }
        block_singular_values(blocks, targets);
        poll();
      }
    }
    return values;
  }

  /// Correlations of all tasks and the weights of both sides' neurons.
  std::vector<CanonicalWeights> weights(Tile const& tile, std::vector<PairTask> const& list,
                                        std::function<void()> const& poll) {
    std::vector<CanonicalWeights> results(list.size());
    std::vector<CanonicalPair<T>> pairs;
    for (auto const& task : list)
      pairs.push_back({task.cross, panels.row_loadings(tile, task.row_slot), panels.col_loadings(tile, task.col_slot)});
    canonical_weights<T>(pairs, [&](std::size_t t, CanonicalWeights of_pair) {
      results[t] = std::move(of_pair);
      poll();
    });
    return results;
  }

  Matrix<T> all_loadings(Index member, LoadingsOf<T> const& of) const {
    Matrix<T> loadings(summary(member).kept, summary(member).features);
    Index done = 0;
    of([&](MatrixView<T const> block) {
      for (Index j = 0; j < block.cols; ++j) std::copy_n(block.column(j), block.rows, loadings.view().column(done++));
    });
    return loadings;
  }

  /// Of the row or of the column; nothing when that side has more directions than the other.
  std::vector<double> weights_of_google(Tile const& tile, PairTask const& task, Matrix<double> const& transposed,
                                        bool by_row) {
    FactorSummary const &x = summary(task.row), &y = summary(task.col);
    if (x.means.empty() || y.means.empty() || (by_row ? x.rank() > y.rank() : y.rank() > x.rank())) return {};
    Matrix<T> const of_x = all_loadings(task.row, panels.row_loadings(tile, task.row_slot));
    Matrix<T> const of_y = all_loadings(task.col, panels.col_loadings(tile, task.col_slot));
    GoogleSide<T> const row{x.singular_values, of_x.view(), x.singular_values.front(), x.means};
    GoogleSide<T> const col{y.singular_values, of_y.view(), y.singular_values.front(), y.means};
    return by_row ? google_weights<T>(task.cross, row, col, x.rows) : google_weights<T>(transposed, col, row, x.rows);
  }

  PairScores score(PairTask const& task, PairStats const& forward, PairStats const& backward) const {
    PairScores scores;
    scores.row = task.row;
    scores.col = task.col;
    for (auto const* measure : options.measures) {
      double const value = measure->score(forward);
      scores.forward.push_back(value);
      scores.backward.push_back(measure->symmetric ? value : measure->score(backward));
    }
    if (!forward.canonical_correlations.empty()) {
      double const edge = wachter_edge(forward.x.rows - 1, forward.x.rank(), forward.y.rank());
      scores.above_edge = 0;
      for (double const rho : forward.canonical_correlations) scores.above_edge += rho > edge ? 1 : 0;
      if (options.coefficients)
        scores.coefficients.assign(forward.canonical_correlations.begin(), forward.canonical_correlations.end());
    }
    return scores;
  }

  std::vector<PairScores> compute(Tile const& tile, std::function<void()> const& poll) {
    Matrix<double> const cross = multiplies() ? panels.product(tile, poll) : Matrix<double>();
    return scores_of(tile, cross, poll);
  }

  std::vector<PairScores> scores_of(Tile const& tile, Matrix<double> const& cross, std::function<void()> const& poll) {
    poll();
    std::vector<PairTask> const list = tasks(tile, cross);
    Matrix<double> norm_products;
    if ((needs & needs_row_norms) != 0) norm_products = panels.norm_products(tile);
    using Spectra = std::vector<std::vector<double>>;
    bool const weighted = (needs & needs_weights) != 0;
    bool const canonical = (needs & needs_canonical) != 0 || options.coefficients;
    bool const turns = needs_transposed(options.measures);
    Spectra rho = canonical && !weighted ? spectra(list, false, false, poll) : Spectra(list.size());
    Spectra kept = (needs & needs_truncated) != 0 ? spectra(list, true, false, poll) : Spectra(list.size());
    Spectra const nuclear = (needs & needs_nuclear) != 0 ? spectra(list, false, true, poll) : Spectra(list.size());
    std::vector<CanonicalWeights> const pair_weights =
        weighted ? weights(tile, list, poll) : std::vector<CanonicalWeights>(list.size());

    std::vector<PairScores> results;
    for (std::size_t t = 0; t < list.size(); ++t) {
      auto const& task = list[t];
      Matrix<double> transposed;
      if (turns) {
        transposed = Matrix<double>(task.cross.cols, task.cross.rows);
        for (Index j = 0; j < task.cross.cols; ++j)
          for (Index i = 0; i < task.cross.rows; ++i) transposed(j, i) = task.cross(i, j);
      }
      if (weighted) rho[t] = pair_weights[t].correlations;
      std::vector<double> google, google_backward;  // of the side with fewer neurons, of equal ones the first
      if ((needs & needs_means) != 0) {
        Index const p = summary(task.row).features, q = summary(task.col).features;
        google = weights_of_google(tile, task, transposed, p <= q);
        google_backward = p == q ? weights_of_google(tile, task, transposed, false) : google;
      }
      clamp_to_one(rho[t]);
      clamp_to_one(kept[t]);
      PairStats forward;
      forward.x = side_of(summary(task.row));
      forward.y = side_of(summary(task.col));
      forward.cross = task.cross;
      forward.canonical_correlations = rho[t];
      forward.truncated_correlations = kept[t];
      forward.cross_covariance_values = nuclear[t];
      forward.canonical_weights = pair_weights[t].weights_x;
      forward.canonical_weights_column = pair_weights[t].weights_y;
      forward.google_weights = google;
      if (norm_products.size() > 0) forward.row_norm_product = norm_products(task.row_slot, task.col_slot);
      PairStats backward = forward;
      std::swap(backward.x, backward.y);
      backward.cross = transposed;
      backward.canonical_weights = pair_weights[t].weights_y;
      backward.canonical_weights_column = pair_weights[t].weights_x;
      backward.google_weights = google_backward;
      results.push_back(score(task, forward, backward));
      poll();
    }
    return results;
  }
};

TileEngine::TileEngine(BasisStore const& store, std::vector<TileMember> members, TilePlan const& plan,
                       TileEngineOptions options, std::function<bool(Index, Index)> selected) {
  unsigned const needs = combined_needs(options.measures);
  if (options.exact)
    exact_.reset(new Worker<double>{store, std::move(members), plan, std::move(options), std::move(selected), needs});
  else
    fast_.reset(new Worker<float>{store, std::move(members), plan, std::move(options), std::move(selected), needs});
}

TileEngine::~TileEngine() = default;

std::vector<PairScores> TileEngine::compute(Tile const& tile, std::function<void()> const& poll) {
  return exact_ ? exact_->compute(tile, poll) : fast_->compute(tile, poll);
}

Matrix<Index> TileEngine::sum_slices(Tile const& tile, Index begin, Index end, std::function<void()> const& poll) {
  auto const sum = [&](auto& worker) {
    Matrix<Index> total(worker.panels.row_columns(tile), worker.panels.col_columns(tile));
    for (Index slice = begin; slice < end; ++slice) {
      worker.panels.add_slice(tile, slice, total);
      poll();
    }
    return total;
  };
  return exact_ ? sum(*exact_) : sum(*fast_);
}

std::vector<PairScores> TileEngine::compute(Tile const& tile, Matrix<Index> const& sum,
                                            std::function<void()> const& poll) {
  Matrix<double> cross(sum.rows(), sum.cols());
  std::transform(sum.data(), sum.data() + sum.size(), cross.data(), from_fixed);
  return exact_ ? exact_->scores_of(tile, cross, poll) : fast_->scores_of(tile, cross, poll);
}

}  // namespace confer
