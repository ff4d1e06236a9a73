#include "confer/linalg/factor.hpp"

#include <cmath>
#include <limits>

#include "confer/linalg/dense.hpp"
#include "linalg/column_sums.hpp"
#include "linalg/factor_directions.hpp"

namespace confer {

namespace {

/// The local rows less a shift, block by block. Rows that fit one block are read once and stay.
class RowBlocks {
 public:
  explicit RowBlocks(RowSource const& source)
      : source_(source),
        step_(std::min(rows_per_block(source.features), std::max<Index>(source.rows, 1))),
        buffer_(source.features, step_, Uninitialised()),
        held_(static_cast<std::size_t>(source.features), 0.0) {}

  Index step() const { return step_; }
  /// Rows [0, count) as read, count <= step().
  MatrixView<double const> head(Index count) {
    read(0, source_.rows <= step_ ? source_.rows : count);
    return buffer_.view().block(0, 0, source_.features, count);
  }
  /// Runs work(begin, block) over all local rows, block being features x count, as read. Work subtracts `shift`.
  template <class Work>
  void first(std::vector<double> const& shift, Work const& work) {
    each_block([&](Index begin, MatrixView<double> block) {
      if (!whole_) read(begin, block.cols);
      work(begin, block);
    });
    held_ = shift;
  }
  /// The same with `shift` subtracted.
  template <class Work>
  void each(std::vector<double> const& shift, Work const& work) {
    each_block([&](Index begin, MatrixView<double> block) {
      if (!whole_) {
        read(begin, block.cols);
        std::fill(held_.begin(), held_.end(), 0.0);
      }
      for (std::size_t j = 0; j < held_.size(); ++j) held_[j] = shift[j] - held_[j];
      for (Index i = 0; i < block.cols; ++i)
        for (Index j = 0; j < source_.features; ++j) block(j, i) -= held_[static_cast<std::size_t>(j)];
      held_ = shift;
      work(begin, block);
    });
  }

 private:
  void read(Index begin, Index count) {
    source_.read(begin, buffer_.view().block(0, 0, source_.features, count));
    whole_ = count == source_.rows;
  }
  template <class Work>
  void each_block(Work const& work) {
    for (Index begin = 0; begin < source_.rows; begin += step_)
      work(begin, buffer_.view().block(0, 0, source_.features, std::min(step_, source_.rows - begin)));
  }

  RowSource const& source_;
  Index step_;
  Matrix<double> buffer_;
  std::vector<double> held_;  ///< what was subtracted from the block that is there
  bool whole_ = false;        ///< which is all
};

constexpr Index head_rows_wanted = 256;

/// First pass: means, extremes and the centred Gram matrix of all features.
struct FirstPass {
  std::vector<double> mean;
  std::vector<bool> constant;
  Matrix<double> gram;  // lower triangle, features x features
};

FirstPass first_pass(RowSource const& source, RowBlocks& blocks) {
  Index const p = source.features;
  auto const width = static_cast<std::size_t>(p);
  double const n = static_cast<double>(source.total_rows);

  // A provisional mean taken from the first rows removes large offsets before squares are summed.
  std::vector<double> shift(width + 1, 0.0);
  Index const head = std::min({blocks.step(), head_rows_wanted, source.rows});
  if (head > 0) {
    auto const block = blocks.head(head);
    for (Index i = 0; i < head; ++i)
      for (Index j = 0; j < p; ++j) shift[static_cast<std::size_t>(j)] += block(j, i);
    shift[width] = static_cast<double>(head);
  }
  if (source.sum) source.sum(shift);
  double const head_rows = shift[width];
  shift.resize(width);
  for (double& value : shift) value = std::isfinite(value) ? value / head_rows : 0.0;

  FirstPass pass{std::vector<double>(width), std::vector<bool>(width), Matrix<double>(p, p)};
  std::vector<double> sum(width, 0.0), extremes(2 * width, -std::numeric_limits<double>::infinity());
  blocks.first(shift, [&](Index, MatrixView<double> block) {
    for (Index i = 0; i < block.cols; ++i)
      shift_and_gather(block.column(i), shift.data(), p, sum.data(), extremes.data(), extremes.data() + width);
    syrk_lower(1.0, block, Op::none, 1.0, pass.gram);
  });
  if (source.sum) source.sum(sum);
  if (source.max) source.max(extremes);
  sum_lower(source.sum, pass.gram);
  for (std::size_t j = 0; j < width; ++j) {
    pass.mean[j] = shift[j] + sum[j] / n;
    pass.constant[j] = extremes[j] == -extremes[width + j];
  }
  for (Index j = 0; j < p; ++j)
    for (Index i = j; i < p; ++i)
      pass.gram(i, j) -= sum[static_cast<std::size_t>(i)] * (sum[static_cast<std::size_t>(j)] / n);
  return pass;
}

/// Singular values of the data along given directions, from a Gram matrix of the projections alone.
Matrix<double> projected_gram(RowSource const& source, std::vector<double> const& mean, MatrixView<double const> directions,
                              RowBlocks& blocks) {
  Matrix<double> gram(directions.cols, directions.cols);
  Matrix<double> projected(directions.cols, blocks.step());
  blocks.each(mean, [&](Index, MatrixView<double> block) {
    auto const y = projected.view().block(0, 0, directions.cols, block.cols);
    gemm(1.0, directions, Op::transpose, block, Op::none, 0.0, y);
    syrk_lower(1.0, y, Op::none, 1.0, gram);
  });
  sum_lower(source.sum, gram);
  return gram;
}

double distance_from_identity(Matrix<double> const& gram) {
  double worst = 0;
  for (Index j = 0; j < gram.cols(); ++j)
    for (Index i = j; i < gram.rows(); ++i) worst = std::max(worst, std::abs(gram(i, j) - (i == j ? 1.0 : 0.0)));
  return worst;
}

constexpr double orthonormal = 1e-14;
constexpr int most_corrections = 3;

/// Turns nearly orthonormal columns into orthonormal ones (CholeskyQR); leading columns change least.
void orthonormalise(RowSource const& source, Matrix<double>& u) {
  for (int round = 0; round < most_corrections; ++round) {
    Matrix<double> gram(u.cols(), u.cols());
    syrk_lower(1.0, u, Op::transpose, 0.0, gram);
    sum_lower(source.sum, gram);
    if (distance_from_identity(gram) <= orthonormal || !cholesky_lower(gram)) return;
    right_solve_lower_transposed(gram, u);
  }
}

/// The same for rows that were given away, `gram` being the Gram matrix of what this rank has put.
void orthonormalise(RowSource const& source, FactorOutput const& output, bool exact, Matrix<double> gram) {
  for (int round = 0; round < most_corrections; ++round) {
    sum_lower(source.sum, gram);
    if (distance_from_identity(gram) <= orthonormal || !cholesky_lower(gram)) return;
    Matrix<double> revised(exact ? gram.cols() : 0, exact ? gram.cols() : 0);
    output.revise_rows([&](MatrixView<double> u) {
      right_solve_lower_transposed(gram, u);
      if (exact) syrk_lower(1.0, u, Op::transpose, 1.0, revised);
    });
    if (!exact) return;  // rows in single precision show no more than one correction
    gram = std::move(revised);
  }
}

/// V diag(1/s) for the kept directions.
Matrix<double> weights_of(Directions const& found, Index kept) {
  Matrix<double> weights(found.vectors.rows(), kept);
  for (Index j = 0; j < kept; ++j)
    for (Index i = 0; i < weights.rows(); ++i)
      weights(i, j) = found.vectors(i, j) / found.values[static_cast<std::size_t>(j)];
  return weights;
}

void add_row_norms(Directions const& found, MatrixView<double const> u, double* norms) {
  for (Index j = 0; j < u.cols; ++j) {
    double const variance = found.values[static_cast<std::size_t>(j)] * found.values[static_cast<std::size_t>(j)];
    for (Index i = 0; i < u.rows; ++i) norms[i] += variance * u(i, j) * u(i, j);
  }
}

/// U = (X - mean) V diag(1/s) for the kept directions, and the norms of its rows times diag(s).
void fill_basis(RowSource const& source, Directions const& found, Index kept, bool exact, RowBlocks& blocks,
                Factor& factor) {
  Matrix<double> const weights = weights_of(found, kept);
  // One Gram matrix leaves an error of 1e-10 at the most, invisible in single precision; several call for a correction.
  bool const correct = exact || factor.levels > 1;
  Matrix<double> corrected(correct ? source.rows : 0, correct ? kept : 0);
  if (!exact) factor.basis = Matrix<float>(source.rows, kept);
  Matrix<double> product(correct ? 0 : blocks.step(), correct ? 0 : kept);
  blocks.each(factor.mean, [&](Index begin, MatrixView<double> block) {
    auto const u = (correct ? corrected.view().block(begin, 0, block.cols, kept)
                            : product.view().block(0, 0, block.cols, kept));
    gemm(1.0, block, Op::transpose, weights, Op::none, 0.0, u);
    if (!correct)
      for (Index j = 0; j < kept; ++j)
        for (Index i = 0; i < block.cols; ++i) factor.basis(begin + i, j) = static_cast<float>(u(i, j));
    add_row_norms(found, u, factor.squared_row_norms.data() + begin);
  });
  if (!correct) return;
  orthonormalise(source, corrected);
  if (exact)
    factor.basis_exact = std::move(corrected);
  else
    std::transform(corrected.data(), corrected.data() + corrected.size(), factor.basis.data(),
                   [](double value) { return static_cast<float>(value); });
}

/// The same for a basis that is given away block by block.
void give_basis(RowSource const& source, Directions const& found, Index kept, bool exact, FactorOutput const& output,
                RowBlocks& blocks, Factor const& factor) {
  Matrix<double> const weights = weights_of(found, kept);
  bool const correct = exact || factor.levels > 1;
  Matrix<double> gram(correct ? kept : 0, correct ? kept : 0), product(blocks.step(), kept);
  blocks.each(factor.mean, [&](Index begin, MatrixView<double> block) {
    auto const u = product.view().block(0, 0, block.cols, kept);
    gemm(1.0, block, Op::transpose, weights, Op::none, 0.0, u);
    std::vector<double> norms(static_cast<std::size_t>(block.cols), 0.0);
    add_row_norms(found, u, norms.data());
    if (correct) syrk_lower(1.0, u, Op::transpose, 1.0, gram);
    output.put_rows(begin, u, norms);
  });
  if (correct) orthonormalise(source, output, exact, std::move(gram));
}

/// diag(s) V' of features [begin, begin + out.cols).
void fill_loadings(Directions const& found, Index begin, MatrixView<double> out) {
  for (Index i = 0; i < out.cols; ++i)
    for (Index j = 0; j < out.rows; ++j)
      out(j, i) = found.vectors(begin + i, j) * found.values[static_cast<std::size_t>(j)];
}

}  // namespace

Index rows_per_block(Index features) { return std::clamp<Index>((Index{1} << 21) / std::max<Index>(features, 1), 64, 8192); }

Index components_for_variance(std::span<double const> singular_values, double share) {
  double total = 0;
  for (double const s : singular_values) total += s * s;
  double sum = 0;
  for (std::size_t i = 0; i < singular_values.size(); ++i) {
    sum += singular_values[i] * singular_values[i];
    if (share < 1 && sum >= share * total) return static_cast<Index>(i) + 1;
  }
  return static_cast<Index>(singular_values.size());
}

double rounding_norm(double unit_roundoff, double rms, Index rows, Index features) {
  return unit_roundoff / std::sqrt(3.0) * rms *
         (std::sqrt(static_cast<double>(rows)) + std::sqrt(static_cast<double>(features)));
}

Factor factor_rows(RowSource const& source, FactorOptions const& options) {
  Factor factor;
  factor.rows = source.total_rows;
  factor.features = source.features;
  RowBlocks blocks(source);
  FirstPass pass = first_pass(source, blocks);
  factor.mean = pass.mean;

  std::vector<Index> live;
  for (Index j = 0; j < source.features; ++j) {
    if (pass.constant[static_cast<std::size_t>(j)])
      ++factor.constant_features;
    else
      live.push_back(j);
    factor.total_variance += std::max(pass.gram(j, j), 0.0);
  }

  std::vector<double> stored(2, 0.0);
  if (options.stored) {
    StoredNorm const norm = options.stored();
    stored = {norm.sum_of_squares, norm.count};
    if (source.sum) source.sum(stored);
  }
  double const rms = stored[1] > 0 ? std::sqrt(stored[0] / stored[1]) : 0.0;
  factor.tau = rounding_norm(options.rule.unit_roundoff, rms, factor.rows, factor.features);
  double largest = 0;
  if (options.rule.relative && !live.empty()) {
    Matrix<double> copy = pass.gram;
    largest = root(eigvalsh(copy).front());
  }
  factor.cut = rank_cut(options.rule, std::sqrt(factor.total_variance), std::min(factor.rows, factor.features),
                        factor.tau, largest);

  auto const alive = static_cast<Index>(live.size());
  Matrix<double> gram(alive < source.features ? alive : 0, alive < source.features ? alive : 0);
  for (Index j = 0; j < gram.cols(); ++j)
    for (Index i = j; i < gram.rows(); ++i)
      gram(i, j) = pass.gram(live[static_cast<std::size_t>(i)], live[static_cast<std::size_t>(j)]);
  if (alive == source.features) gram = std::move(pass.gram);
  pass.gram = Matrix<double>();
  LevelReport report;
  Directions found = resolve_directions(
      std::move(gram), live, source.features, factor.cut, options.exact,
      [&](MatrixView<double const> directions) { return projected_gram(source, factor.mean, directions, blocks); },
      source.same, options.basis || options.loadings ? DirectionDetail::vectors : DirectionDetail::values, report);
  factor.levels = report.levels;
  factor.largest_dropped = report.largest_dropped;
  auto const most = static_cast<std::size_t>(std::min(factor.rows - 1, factor.features));
  if (found.values.size() > most) found.values.resize(most);  // centring leaves n - 1 dimensions at the most
  Index const kept = kept_directions(options, found.values);
  factor.singular_values = found.values;
  bool const gives = options.output != nullptr && kept > 0;
  if (gives) {
    factor.given_away = options.basis ? kept : 0;
    options.output->begin(kept, found.values.front());
  }
  if (options.basis) {
    if (gives) {
      give_basis(source, found, kept, options.exact, *options.output, blocks, factor);
    } else {
      factor.squared_row_norms.assign(static_cast<std::size_t>(source.rows), 0.0);
      fill_basis(source, found, kept, options.exact, blocks, factor);
    }
  }
  if (options.loadings && gives) {
    Index const step = rows_per_block(kept);
    for (Index begin = 0; begin < source.features; begin += step) {
      Matrix<double> block(kept, std::min(step, source.features - begin));
      fill_loadings(found, begin, block);
      options.output->put_loadings(begin, block);
    }
  } else if (options.loadings) {
    factor.loadings = Matrix<double>(kept, source.features);
    fill_loadings(found, 0, factor.loadings);
  }
  return factor;
}

}  // namespace confer
