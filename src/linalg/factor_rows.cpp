#include "confer/linalg/factor.hpp"

#include <cmath>
#include <limits>
#include <optional>

#include "confer/linalg/dense.hpp"
#include "linalg/column_sums.hpp"
#include "linalg/factor_directions.hpp"
#include "linalg/rounded_projection.hpp"

namespace confer {

namespace {

/// The local rows, block by block. A matrix that is one block is read once and stays.
class RowBlocks {
 public:
  RowBlocks(RowSource const& source, Index step)
      : source_(source),
        step_(step),
        buffer_(source.features, std::min(step_, std::max<Index>(source.rows, 1)), Uninitialised()) {}

  Index most_rows() const { return buffer_.cols(); }

  /// The first rows as they are, at most `count` of them.
  MatrixView<double const> head(Index count) {
    count = std::min({count, step_, source_.rows});
    if (stays())
      hold();
    else
      source_.read(0, view(count));
    return view(count);
  }

  /// Runs work(begin, block) over all rows, block being features x count as stored. The work takes `offset` off it.
  template <class Work>
  void first_visit(std::vector<double> const& offset, Work const& work) {
    if (source_.rows == 0) return;
    if (stays()) {
      hold();
      work(Index{0}, view(source_.rows));
      offset_ = offset;
      return;
    }
    for_each(work);
  }

  /// The same again, with `offset` subtracted.
  template <class Work>
  void visit(std::vector<double> const& offset, Work const& work) {
    if (source_.rows == 0) return;
    if (!stays()) {
      for_each([&](Index begin, MatrixView<double> block) {
        for (Index i = 0; i < block.cols; ++i) subtract(block.column(i), offset.data(), block.rows);
        work(begin, block);
      });
      return;
    }
    if (offset != offset_) {
      std::vector<double> rest = offset;
      subtract(rest.data(), offset_.data(), source_.features);
      auto const block = view(source_.rows);
      for (Index i = 0; i < block.cols; ++i) subtract(block.column(i), rest.data(), block.rows);
      offset_ = offset;
    }
    work(Index{0}, view(source_.rows));
  }

 private:
  bool stays() const { return source_.rows <= step_; }
  MatrixView<double> view(Index count) { return buffer_.view().block(0, 0, source_.features, count); }
  void hold() {
    if (held_) return;
    source_.read(0, view(source_.rows));
    held_ = true;
  }
  template <class Work>
  void for_each(Work const& work) {
    for (Index begin = 0; begin < source_.rows; begin += step_) {
      auto const block = view(std::min(step_, source_.rows - begin));
      source_.read(begin, block);
      work(begin, block);
    }
  }

  RowSource const& source_;
  Index step_;
  Matrix<double> buffer_;
  bool held_ = false;           ///< the only block is in the buffer,
  std::vector<double> offset_;  ///< which this has been taken off
};

/// Rows of a block that is looked at once only, in most cases: it need not stay.
Index rows_in_cache(Index features) {
  return std::clamp<Index>((Index{1} << 18) / std::max<Index>(features, 1), 64, 8192);
}

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
  if (source.rows > 0) {
    auto const head = blocks.head(head_rows_wanted);
    for (Index i = 0; i < head.cols; ++i)
      for (Index j = 0; j < p; ++j) shift[static_cast<std::size_t>(j)] += head(j, i);
    shift[width] = static_cast<double>(head.cols);
  }
  if (source.sum) source.sum(shift);
  double const head_rows = shift[width];
  shift.resize(width);
  for (double& value : shift) value = std::isfinite(value) ? value / head_rows : 0.0;

  FirstPass pass{std::vector<double>(width), std::vector<bool>(width), Matrix<double>(p, p)};
  std::vector<double> sum(width, 0.0), extremes(2 * width, -std::numeric_limits<double>::infinity());
  blocks.first_visit(shift, [&](Index, MatrixView<double> block) {
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
  Matrix<double> projected(directions.cols, blocks.most_rows(), Uninitialised());
  blocks.visit(mean, [&](Index, MatrixView<double const> block) {
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

void add_row_norms(Directions const& found, MatrixView<double const> u, double* norms) {
  for (Index j = 0; j < u.cols; ++j) add_squares(u.column(j), u.rows, found.variance(j), norms);
}

/// One Gram matrix leaves an error of 1e-8 at the most, invisible in single precision; several call for a correction.
bool needs_correction(Factor const& factor, bool exact) { return exact || factor.levels > 1; }

/// U = (X - mean) V diag(1/s) for the kept directions, and the norms of its rows times diag(s).
void fill_basis(RowSource const& source, Directions const& found, Index kept, bool exact, RowBlocks& blocks,
                Factor& factor) {
  if (!exact) factor.basis = Matrix<float>(source.rows, kept, Uninitialised());
  if (!needs_correction(factor, exact)) {
    if (kept == 0) return;
    RoundedProjection projection(found, kept, blocks.most_rows());  // destroys what it projects: the last visit
    blocks.visit(factor.mean, [&](Index first, MatrixView<double> block) {
      projection.project(block, factor.squared_row_norms.data() + first,
                         [&](Index begin, Index j, std::span<float const> column) {
                           std::ranges::copy(column, factor.basis.view().column(j) + first + begin);
                         });
    });
    return;
  }
  Matrix<double> const weights = weights_of(found, 0, kept);
  Matrix<double> corrected(source.rows, kept, Uninitialised());
  blocks.visit(factor.mean, [&](Index begin, MatrixView<double const> block) {
    auto const u = corrected.view().block(begin, 0, block.cols, kept);
    gemm(1.0, block, Op::transpose, weights, Op::none, 0.0, u);
    add_row_norms(found, u, factor.squared_row_norms.data() + begin);
  });
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
  bool const correct = needs_correction(factor, exact);
  Matrix<double> const weights = weights_of(found, 0, correct ? kept : 0);
  std::optional<RoundedProjection> projection;
  if (!correct) projection.emplace(found, kept, blocks.most_rows());
  Matrix<double> gram(correct ? kept : 0, correct ? kept : 0), product(blocks.most_rows(), kept, Uninitialised());
  blocks.visit(factor.mean, [&](Index first, MatrixView<double> block) {
    auto const u = product.view().block(0, 0, block.cols, kept);
    std::vector<double> norms(static_cast<std::size_t>(block.cols), 0.0);
    if (projection) {
      projection->project(block, norms.data(), [&](Index begin, Index j, std::span<float const> column) {
        std::ranges::copy(column, u.column(j) + begin);
      });
    } else {
      gemm(1.0, block, Op::transpose, weights, Op::none, 0.0, u);
      add_row_norms(found, u, norms.data());
      syrk_lower(1.0, u, Op::transpose, 1.0, gram);
    }
    output.put_rows(first, u, norms);
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
  bool const once = !options.basis && !options.loadings;
  RowBlocks blocks(source, once ? rows_in_cache(source.features) : rows_per_block(source.features));
  FirstPass pass = first_pass(source, blocks);
  factor.mean = pass.mean;

  std::vector<Index> live;
  for (Index j = 0; j < source.features; ++j) {
    if (pass.constant[static_cast<std::size_t>(j)])
      ++factor.constant_features;
    else
      live.push_back(j);
    factor.total_variance += std::max(pass.gram(j, j), 0.0);  // or not a number
  }

  std::vector<double> stored(2, 0.0);
  if (options.stored) {
    StoredNorm const norm = options.stored();
    stored = {norm.sum_of_squares, norm.count};
    if (source.sum) source.sum(stored);
  }
  double const rms = stored[1] > 0 ? std::sqrt(stored[0] / stored[1]) : 0.0;
  factor.tau = rounding_norm(options.rule.unit_roundoff, rms, factor.rows, factor.features);
  if (!squares_hold(factor.total_variance)) live.clear();
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
      source.decompose, options.basis || options.loadings ? DirectionDetail::vectors : DirectionDetail::values, report);
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
