#include "confer/dist/dealt_factor.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "confer/dist/scalapack.hpp"

namespace confer {

namespace {

constexpr Index square_block = 64;  // of the matrices on the square grid

/// Centres features, one a row of `block` (features x samples), in two steps: the second removes what rounding left of a
/// large mean. Returns how many are constant.
Index centre_features(MatrixView<double> block) {
  Index constant = 0;
  std::vector<double> origin(static_cast<std::size_t>(block.rows)), offset(origin.size(), 0.0);
  std::vector<bool> same(origin.size(), true);
  for (Index j = 0; j < block.rows; ++j) origin[static_cast<std::size_t>(j)] = block(j, 0);
  for (Index i = 0; i < block.cols; ++i)
    for (Index j = 0; j < block.rows; ++j) {
      double const value = block(j, i) - origin[static_cast<std::size_t>(j)];
      offset[static_cast<std::size_t>(j)] += value;
      if (value != 0) same[static_cast<std::size_t>(j)] = false;
    }
  for (bool const is_same : same) constant += is_same ? 1 : 0;
  for (Index i = 0; i < block.cols; ++i)
    for (Index j = 0; j < block.rows; ++j) {
      auto const at = static_cast<std::size_t>(j);
      block(j, i) = same[at] ? 0.0 : (block(j, i) - origin[at]) - offset[at] / static_cast<double>(block.cols);
    }
  return constant;
}

/// The diagonal of a matrix on the square grid, summed: its trace.
double trace(DistMatrix const& matrix) {
  double sum = 0;
  auto const& grid = matrix.grid();
  auto const local = matrix.local();
  for (Index j = 0; j < local.cols; ++j)
    for (Index i = 0; i < local.rows; ++i)
      if (matrix.rows().global(i, grid.row()) == matrix.cols().global(j, grid.col())) sum += local(i, j);
  grid.comm().all_sum(std::span(&sum, 1));
  return sum;
}

double distance_from_identity(DistMatrix const& matrix) {
  double worst = 0;
  auto const& grid = matrix.grid();
  auto const local = matrix.local();
  for (Index j = 0; j < local.cols; ++j)
    for (Index i = 0; i < local.rows; ++i) {
      Index const row = matrix.rows().global(i, grid.row()), col = matrix.cols().global(j, grid.col());
      if (row >= col) worst = std::max(worst, std::abs(local(i, j) - (row == col ? 1.0 : 0.0)));
    }
  grid.comm().all_max(std::span(&worst, 1));
  return worst;
}

/// Multiplies every column by a factor of its own.
void scale_columns(DistMatrix& matrix, std::vector<double> const& factors, bool inverse) {
  auto const local = matrix.local();
  for (Index j = 0; j < local.cols; ++j) {
    double const factor = factors[static_cast<std::size_t>(matrix.cols().global(j, matrix.grid().col()))];
    for (double& value : local.column_span(j)) value = inverse ? value / factor : value * factor;
  }
}

}  // namespace

DealtFactor::DealtFactor(Communicator const& comm, DealtSource const& source, FactorOptions const& options)
    : source_(source), all_(comm, {comm.size(), 1}), square_(comm), exact_(options.exact) {
  factor_.rows = source.rows;
  factor_.features = source.features;
  double most = static_cast<double>(source.count);
  comm.all_max(std::span(&most, 1));
  rounds_ = (static_cast<Index>(most) + block_rows - 1) / block_rows;
  DistMatrix gram(square_, source.side(), source.side(), square_block);
  first_pass(options, gram);
  resolve(options, std::move(gram));
  kept_ = kept_directions(options, factor_.singular_values);
}

void DealtFactor::for_each_block(std::function<void(Index begin, Index count, DistMatrix& block)> const& work) {
  auto const& mean = factor_.mean;
  Matrix<double> columns(source_.tall ? source_.features : 0, source_.tall ? block_rows : 0);
  for (Index round = 0; round < rounds_; ++round) {
    Index const begin = std::min(round * block_rows, source_.count);
    Index const count = std::min(block_rows, source_.count - begin);
    DistMatrix block(all_, block_rows * all_.comm().size(), source_.side(), block_rows);
    auto const own = block.local();
    if (count > 0 && source_.tall) {
      source_.read(begin, columns.view().block(0, 0, source_.features, count));
      for (Index i = 0; i < count; ++i)
        for (Index j = 0; j < source_.features; ++j) own(i, j) = columns(j, i) - mean[static_cast<std::size_t>(j)];
    } else if (count > 0) {
      auto const features = own.block(0, 0, count, source_.rows);
      source_.read(begin, features);
      Index const constant = centre_features(features);
      if (factor_.levels == 0) factor_.constant_features += constant;
    }
    source_.step();
    work(begin, count, block);
  }
}

void DealtFactor::first_pass(FactorOptions const& options, DistMatrix& gram) {
  auto const& comm = all_.comm();
  auto const width = static_cast<std::size_t>(source_.tall ? source_.features : 0);
  factor_.mean.assign(width, 0.0);
  std::vector<double> shift(width + 1, 0.0), sum(width, 0.0);
  std::vector<double> extremes(2 * width, -std::numeric_limits<double>::infinity());
  if (source_.tall) {  // a provisional mean from the first rows removes large offsets before squares are summed
    Matrix<double> head(source_.features, std::min(block_rows, source_.count));
    if (head.cols() > 0) source_.read(0, head.view());
    for (Index i = 0; i < head.cols(); ++i)
      for (std::size_t j = 0; j < width; ++j) shift[j] += head(static_cast<Index>(j), i);
    shift[width] = static_cast<double>(head.cols());
    source_.step();
    comm.all_sum(shift);
    for (std::size_t j = 0; j < width; ++j)
      factor_.mean[j] = std::isfinite(shift[j]) ? shift[j] / shift[width] : 0.0;
  }
  for_each_block([&](Index, Index count, DistMatrix& block) {
    auto const own = block.local();
    for (std::size_t j = 0; j < width; ++j)
      for (Index i = 0; i < count; ++i) {
        double const value = own(i, static_cast<Index>(j));
        sum[j] += value;
        extremes[j] = std::max(extremes[j], value);
        extremes[width + j] = std::max(extremes[width + j], -value);
      }
    DistMatrix dealt(square_, block.rows().size, block.cols().size, square_block);
    dist_copy(block, 0, dealt, 0, block.cols().size, all_);
    dist_add_gram(dealt, gram);
  });
  source_.step();
  comm.all_sum(sum);
  comm.all_max(extremes);
  double constant = static_cast<double>(factor_.constant_features);
  comm.all_sum(std::span(&constant, 1));
  factor_.constant_features = static_cast<Index>(constant);
  std::vector<bool> dead(static_cast<std::size_t>(source_.side()), false);
  for (std::size_t j = 0; j < width; ++j) {
    dead[j] = extremes[j] == -extremes[width + j];
    factor_.constant_features += dead[j] ? 1 : 0;
  }
  auto const n = static_cast<double>(source_.rows);
  auto const local = gram.local();
  for (Index j = 0; j < local.cols; ++j)
    for (Index i = 0; i < local.rows; ++i) {
      auto const row = static_cast<std::size_t>(gram.rows().global(i, square_.row()));
      auto const col = static_cast<std::size_t>(gram.cols().global(j, square_.col()));
      if (width > 0) local(i, j) = dead[row] || dead[col] ? 0.0 : local(i, j) - sum[row] * (sum[col] / n);
    }
  for (std::size_t j = 0; j < width; ++j) factor_.mean[j] += dead[j] ? extremes[j] : sum[j] / n;

  std::vector<double> stored(2, 0.0);
  if (options.stored) {
    StoredNorm const norm = options.stored();
    stored = {norm.sum_of_squares, norm.count};
  }
  source_.step();
  comm.all_sum(stored);
  double const rms = stored[1] > 0 ? std::sqrt(stored[0] / stored[1]) : 0.0;
  factor_.tau = rounding_norm(options.rule.unit_roundoff, rms, factor_.rows, factor_.features);
  factor_.total_variance = std::max(trace(gram), 0.0);
}

DistMatrix DealtFactor::projected_gram(DistMatrix const& directions) {
  DistMatrix gram(square_, directions.cols().size, directions.cols().size, square_block);
  for_each_block([&](Index, Index, DistMatrix& block) {
    DistMatrix dealt(square_, block.rows().size, block.cols().size, square_block);
    dist_copy(block, 0, dealt, 0, block.cols().size, all_);
    dist_add_gram(dist_product(dealt, directions), gram);
  });
  return gram;
}

void DealtFactor::resolve(FactorOptions const& options, DistMatrix gram) {
  std::vector<DistMatrix> levels;
  std::vector<Index> found;
  std::optional<DistMatrix> basis;
  Index const side = source_.side();
  bool more = squares_hold(factor_.total_variance);
  while (more) {
    source_.step();
    DistEigen eigen = dist_eigh(gram, gram.rows().size);
    ++factor_.levels;
    std::vector<double> values;
    for (double const value : eigen.values) values.push_back(std::sqrt(std::max(value, 0.0)));
    if (factor_.levels == 1)
      factor_.cut = rank_cut(options.rule, std::sqrt(factor_.total_variance), std::min(factor_.rows, factor_.features),
                             factor_.tau, values.front());
    LevelSplit const split = split_level(values, factor_.cut, exact_);
    factor_.largest_dropped = std::max(factor_.largest_dropped, split.largest_dropped);
    DistMatrix used(square_, gram.rows().size, split.used, square_block);
    dist_copy(eigen.vectors, 0, used, 0, split.used, all_);
    levels.push_back(basis ? dist_product(*basis, used) : std::move(used));
    found.push_back(split.found);
    for (Index j = 0; j < split.found; ++j) {
      // Values of neighbouring levels meet to within rounding.
      double const before = factor_.singular_values.empty() ? values.front() : factor_.singular_values.back();
      factor_.singular_values.push_back(std::min(values[static_cast<std::size_t>(j)], before));
    }
    more = split.used > split.accurate && values.front() > factor_.cut;
    if (!more) break;
    basis.emplace(square_, side, split.used - split.accurate, square_block);
    dist_copy(levels.back(), split.accurate, *basis, 0, split.used - split.accurate, all_);
    gram = projected_gram(*basis);
  }
  auto const most = static_cast<std::size_t>(std::max<Index>(0, std::min(source_.rows - 1, source_.features)));
  if (factor_.singular_values.size() > most) factor_.singular_values.resize(most);
  Index const rank = factor_.rank();
  vectors_.emplace(square_, side, rank, square_block);
  Index column = 0;
  for (std::size_t level = 0; level < levels.size(); ++level) {
    Index const count = std::min(found[level], rank - column);
    dist_copy(levels[level], 0, *vectors_, column, count, all_);
    column += count;
  }
}

void DealtFactor::visit_observations(Put const& put, bool corrected) {
  DistMatrix weights(square_, source_.side(), kept_, square_block);
  dist_copy(*vectors_, 0, weights, 0, kept_, all_);
  if (source_.tall) scale_columns(weights, factor_.singular_values, true);
  if (corrected) gram_.emplace(square_, kept_, kept_, square_block);
  for_each_block([&](Index begin, Index count, DistMatrix& block) {
    DistMatrix dealt(square_, block.rows().size, block.cols().size, square_block);
    dist_copy(block, 0, dealt, 0, block.cols().size, all_);
    DistMatrix const product = dist_product(dealt, weights);
    if (corrected) dist_add_gram(product, *gram_);
    DistMatrix own(all_, block.rows().size, kept_, block_rows);
    dist_copy(product, 0, own, 0, kept_, all_);
    if (count > 0) put(begin, own.local().block(0, 0, count, kept_));
  });
}

bool DealtFactor::correct(Index rounds, Index most_rows, std::function<MatrixView<double>(Index round)> const& get,
                          std::function<void(Index round)> const& put) {
  constexpr double orthonormal = 1e-14;
  if (distance_from_identity(*gram_) <= orthonormal || !dist_cholesky(*gram_)) return false;
  DistMatrix revised(square_, kept_, kept_, square_block);
  for (Index round = 0; round < rounds; ++round) {
    auto const rows = get(round);
    source_.step();
    for (Index begin = 0; begin < most_rows; begin += block_rows) {
      DistMatrix own(all_, block_rows * all_.comm().size(), kept_, block_rows);
      Index const from = std::min(begin, rows.rows), count = std::min(block_rows, rows.rows - from);
      for (Index j = 0; j < kept_; ++j) std::copy_n(rows.column(j) + from, count, own.local().column(j));
      DistMatrix dealt(square_, own.rows().size, kept_, square_block);
      dist_copy(own, 0, dealt, 0, kept_, all_);
      dist_right_solve(*gram_, dealt);
      dist_add_gram(dealt, revised);
      dist_copy(dealt, 0, own, 0, kept_, all_);
      for (Index j = 0; j < kept_; ++j) std::copy_n(own.local().column(j), count, rows.column(j) + from);
    }
    put(round);
  }
  gram_ = std::move(revised);
  return true;
}

void DealtFactor::visit_side(Index band_rows, std::function<void(Index band, MatrixView<double const> part)> const& put) {
  DistMatrix bands(all_, source_.side(), kept_, band_rows);
  dist_copy(*vectors_, 0, bands, 0, kept_, all_);
  auto const local = bands.local();
  for (Index begin = 0; begin < local.rows; begin += band_rows) {
    Index const band = bands.rows().global(begin, all_.row()) / band_rows;
    put(band, local.block(begin, 0, std::min(band_rows, local.rows - begin), kept_));
  }
}

}  // namespace confer
