#include "run/tile_engine.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "confer/linalg/block_spectra.hpp"
#include "confer/linalg/dense.hpp"
#include "confer/similarity/canonical.hpp"
#include "confer/similarity/chance.hpp"

namespace confer {

namespace {

/// Rows of a panel that are held in memory; longer panels are read piece by piece.
constexpr Index rows_in_memory = 65536;
/// Rows that are multiplied in single precision before the product is added up in double precision: an element near 1
/// is then right to 1e-7 for any number of rows. SYRK kernels sum longer runs than GEMM kernels before they round.
constexpr Index rows_per_gemm = 4096;
constexpr Index rows_per_syrk = 1024;

/// A panel in memory: the bases of its members side by side.
template <class T>
struct LoadedPanel {
  Index number = -1;
  Matrix<T> basis;                  ///< rows x columns, only when they are held in memory
  std::vector<Index> first;         ///< first column of each member
  Matrix<double> row_norms;         ///< rows x members
  std::vector<Matrix<T>> loadings;  ///< of each member
};

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
  stats.canonical_weights = stats.canonical_weights_column = ones;
  stats.row_norm_product = summary.sum_squared_row_norms;
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
  LoadedPanel<T> row_panel, col_panel;

  FactorSummary const& summary(Index member) const { return *members[static_cast<std::size_t>(member)].summary; }
  std::string const& key(Index member) const { return members[static_cast<std::size_t>(member)].key; }

  void read_rows(Panel const& panel, std::vector<Index> const& first, Index begin, MatrixView<T> out) const {
    for (std::size_t slot = 0; slot < panel.members.size(); ++slot)
      store.read_basis(key(panel.members[slot]), begin,
                       out.block(0, first[slot], out.rows, summary(panel.members[slot]).kept));
  }

  void load(Index number, LoadedPanel<T>& loaded) {
    if (loaded.number == number) return;
    loaded = LoadedPanel<T>();
    Panel const& panel = plan.panels[static_cast<std::size_t>(number)];
    Index columns = 0;
    for (Index const member : panel.members) {
      loaded.first.push_back(columns);
      columns += summary(member).kept;
    }
    if (panel.rows <= rows_in_memory) {
      loaded.basis = Matrix<T>(panel.rows, columns);
      read_rows(panel, loaded.first, 0, loaded.basis);
    }
    if ((needs & needs_row_norms) != 0) {
      loaded.row_norms = Matrix<double>(panel.rows, static_cast<Index>(panel.members.size()));
      for (std::size_t slot = 0; slot < panel.members.size(); ++slot) {
        auto const norms = store.read_row_norms(key(panel.members[slot]));
        std::copy(norms.begin(), norms.end(), loaded.row_norms.view().column(static_cast<Index>(slot)));
      }
    }
    if ((needs & needs_weights) != 0)
      for (Index const member : panel.members) {
        if constexpr (is_exact)
          loaded.loadings.push_back(store.read_loadings_exact(key(member)));
        else
          loaded.loadings.push_back(store.read_loadings(key(member)));
      }
    loaded.number = number;
  }

  /// sum += left' right, or its lower triangle when `right` is empty.
  void add_product(MatrixView<T const> left, MatrixView<T const> right, Matrix<T>& part, Matrix<double>& sum) const {
    Index const step = right.cols == 0 ? rows_per_syrk : rows_per_gemm;
    for (Index begin = 0; begin < left.rows; begin += step) {
      Index const count = std::min(step, left.rows - begin);
      auto const a = left.block(begin, 0, count, left.cols);
      if constexpr (is_exact) {
        if (right.cols == 0)
          syrk_lower(1.0, a, Op::transpose, 1.0, sum.view());
        else
          gemm(1.0, a, Op::transpose, right.block(begin, 0, count, right.cols), Op::none, 1.0, sum.view());
      } else {
        if (part.size() == 0) part = Matrix<T>(sum.rows(), sum.cols());
        if (right.cols == 0)
          syrk_lower(T{1}, a, Op::transpose, T{0}, part.view());
        else
          gemm(T{1}, a, Op::transpose, right.block(begin, 0, count, right.cols), Op::none, T{0}, part.view());
        for (Index i = 0; i < sum.size(); ++i) sum.data()[i] += static_cast<double>(part.data()[i]);
      }
    }
  }

  /// Product of two panels, columns of the row panel by columns of the column panel. Within one panel only the lower
  /// triangle is computed.
  Matrix<double> product(Tile const& tile) {
    Panel const& rows = plan.panels[static_cast<std::size_t>(tile.row_panel)];
    Panel const& cols = plan.panels[static_cast<std::size_t>(tile.col_panel)];
    bool const within = tile.row_panel == tile.col_panel;
    Index const row_count = row_panel.first.back() + summary(rows.members.back()).kept;
    Index const col_count = within ? row_count : col_panel.first.back() + summary(cols.members.back()).kept;
    Matrix<double> sum(row_count, col_count);
    Matrix<T> part;
    if (rows.rows <= rows_in_memory) {
      add_product(row_panel.basis, within ? MatrixView<T const>() : col_panel.basis.const_view(), part, sum);
      return sum;
    }
    Matrix<T> left(rows_in_memory, row_count), right(rows_in_memory, within ? 0 : col_count);
    for (Index begin = 0; begin < rows.rows; begin += rows_in_memory) {
      Index const count = std::min(rows_in_memory, rows.rows - begin);
      auto const a = left.view().block(0, 0, count, row_count);
      auto const b = right.view().block(0, 0, count, within ? 0 : col_count);
      read_rows(rows, row_panel.first, begin, a);
      if (!within) read_rows(cols, col_panel.first, begin, b);
      add_product(a, b, part, sum);
    }
    return sum;
  }

  std::vector<PairTask> tasks(Tile const& tile, Matrix<double> const& cross, LoadedPanel<T> const& cols) const {
    auto const& row_members = plan.panels[static_cast<std::size_t>(tile.row_panel)].members;
    auto const& col_members = plan.panels[static_cast<std::size_t>(tile.col_panel)].members;
    bool const within = tile.row_panel == tile.col_panel;
    std::vector<PairTask> list;
    for (std::size_t i = 0; i < row_members.size(); ++i)
      for (std::size_t j = 0; j < (within ? i : col_members.size()); ++j) {
        Index const row = row_members[i], col = col_members[j];
        if (!selected(row, col)) continue;
        list.push_back({row, col, static_cast<Index>(i), static_cast<Index>(j),
                        cross.view().block(row_panel.first[i], cols.first[j], summary(row).kept, summary(col).kept)});
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
    bool const within = tile.row_panel == tile.col_panel;
    load(tile.row_panel, row_panel);
    if (!within) load(tile.col_panel, col_panel);
    LoadedPanel<T> const& cols = within ? row_panel : col_panel;
    poll();
    bool const multiply = needs != 0 || options.coefficients;
    Matrix<double> const cross = multiply ? product(tile) : Matrix<double>();
    poll();
    std::vector<PairTask> const list = tasks(tile, cross, cols);
    Matrix<double> norm_products;
    if ((needs & needs_row_norms) != 0) {
      norm_products = Matrix<double>(row_panel.row_norms.cols(), cols.row_norms.cols());
      gemm(1.0, row_panel.row_norms, Op::transpose, cols.row_norms, Op::none, 0.0, norm_products);
    }
    using Spectra = std::vector<std::vector<double>>;
    bool const weights = (needs & needs_weights) != 0;
    bool const canonical = (needs & needs_canonical) != 0 || options.coefficients;
    Spectra rho = canonical && !weights ? spectra(list, false, false, poll) : Spectra(list.size());
    Spectra kept = (needs & needs_truncated) != 0 ? spectra(list, true, false, poll) : Spectra(list.size());
    Spectra const nuclear = (needs & needs_nuclear) != 0 ? spectra(list, false, true, poll) : Spectra(list.size());

    std::vector<PairScores> results;
    for (std::size_t t = 0; t < list.size(); ++t) {
      auto const& task = list[t];
      Matrix<double> transposed;
      if ((needs & (needs_cross | needs_weights)) != 0) {
        transposed = Matrix<double>(task.cross.cols, task.cross.rows);
        for (Index j = 0; j < task.cross.cols; ++j)
          for (Index i = 0; i < task.cross.rows; ++i) transposed(j, i) = task.cross(i, j);
      }
      CanonicalWeights pair_weights;
      if (weights) {
        pair_weights =
            canonical_weights(task.cross, row_panel.loadings[static_cast<std::size_t>(task.row_slot)].const_view(),
                              cols.loadings[static_cast<std::size_t>(task.col_slot)].const_view());
        rho[t] = pair_weights.correlations;
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
      forward.canonical_weights = pair_weights.weights_x;
      forward.canonical_weights_column = pair_weights.weights_y;
      if (norm_products.size() > 0) forward.row_norm_product = norm_products(task.row_slot, task.col_slot);
      PairStats backward = forward;
      std::swap(backward.x, backward.y);
      backward.cross = transposed;
      backward.canonical_weights = pair_weights.weights_y;
      backward.canonical_weights_column = pair_weights.weights_x;
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
    exact_.reset(
        new Worker<double>{store, std::move(members), plan, std::move(options), std::move(selected), needs, {}, {}});
  else
    fast_.reset(
        new Worker<float>{store, std::move(members), plan, std::move(options), std::move(selected), needs, {}, {}});
}

TileEngine::~TileEngine() = default;

std::vector<PairScores> TileEngine::compute(Tile const& tile, std::function<void()> const& poll) {
  return exact_ ? exact_->compute(tile, poll) : fast_->compute(tile, poll);
}

}  // namespace confer
