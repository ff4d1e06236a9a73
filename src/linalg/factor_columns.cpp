#include <cmath>

#include "confer/linalg/dense.hpp"
#include "confer/linalg/factor.hpp"
#include "linalg/factor_directions.hpp"

namespace confer {

namespace {

/// Runs work(begin, block) over all local features, block being count x rows with every feature centred.
template <class Work>
void for_each_feature_block(ColumnSource const& source, Matrix<double>& buffer, Factor& factor, bool first,
                            Work const& work) {
  Index const step = features_per_block(source.rows);
  for (Index begin = 0; begin < source.features; begin += step) {
    Index const count = std::min(step, source.features - begin);
    auto const block = buffer.view().block(0, 0, count, source.rows);
    source.read(begin, block);
    for (Index j = 0; j < count; ++j) {
      // Two steps: the second removes what rounding left of a large mean.
      auto& mean = factor.mean[static_cast<std::size_t>(begin + j)];
      double const origin = block(j, 0);
      double sum = 0;
      bool constant = true;
      for (Index i = 0; i < source.rows; ++i) {
        sum += block(j, i) - origin;
        constant = constant && block(j, i) == origin;
      }
      double const offset = sum / static_cast<double>(source.rows);
      mean = origin + offset;
      for (Index i = 0; i < source.rows; ++i) block(j, i) = constant ? 0.0 : (block(j, i) - origin) - offset;
      if (first && constant) ++factor.constant_features;
    }
    work(begin, block);
  }
}

/// The left singular vectors are the basis, and with the values they give the norms of the centred rows.
void fill_basis(Directions const& found, Index kept, FactorOptions const& options, Factor& factor) {
  Index const n = factor.rows;
  factor.squared_row_norms.assign(static_cast<std::size_t>(n), 0.0);
  for (Index j = 0; j < kept; ++j)
    for (Index i = 0; i < n; ++i) {
      double const score = found.values[static_cast<std::size_t>(j)] * found.vectors(i, j);
      factor.squared_row_norms[static_cast<std::size_t>(i)] += score * score;
    }
  if (options.output != nullptr && kept > 0) {
    factor.given_away = kept;
    options.output->put_rows(0, found.vectors.view().block(0, 0, n, kept), factor.squared_row_norms);
    factor.squared_row_norms.clear();
    return;
  }
  if (options.exact)
    factor.basis_exact = Matrix<double>(n, kept);
  else
    factor.basis = Matrix<float>(n, kept);
  for (Index j = 0; j < kept; ++j)
    for (Index i = 0; i < n; ++i) {
      if (options.exact)
        factor.basis_exact(i, j) = found.vectors(i, j);
      else
        factor.basis(i, j) = static_cast<float>(found.vectors(i, j));
    }
}

}  // namespace

Index features_per_block(Index rows) {
  return std::clamp<Index>((Index{1} << 21) / std::max<Index>(rows, 1), 64, 8192);
}

Factor factor_columns(ColumnSource const& source, FactorOptions const& options) {
  Factor factor;
  Index const n = source.rows;
  factor.rows = n;
  factor.features = source.total_features;
  factor.mean.assign(static_cast<std::size_t>(source.features), 0.0);
  Matrix<double> buffer(std::min(features_per_block(n), std::max<Index>(source.features, 1)), n);

  Matrix<double> gram(n, n);
  for_each_feature_block(source, buffer, factor, true,
                         [&](Index, MatrixView<double> block) { syrk_lower(1.0, block, Op::transpose, 1.0, gram); });
  sum_lower(source.sum, gram);
  std::vector<double> stored = {0, 0, static_cast<double>(factor.constant_features)};
  if (options.stored) {
    StoredNorm const norm = options.stored();
    stored[0] = norm.sum_of_squares;
    stored[1] = norm.count;
  }
  if (source.sum) source.sum(stored);
  factor.constant_features = static_cast<Index>(stored[2]);
  for (Index i = 0; i < n; ++i) factor.total_variance += gram(i, i);
  double const rms = stored[1] > 0 ? std::sqrt(stored[0] / stored[1]) : 0.0;
  factor.tau = rounding_norm(options.rule.unit_roundoff, rms, n, factor.features);
  double largest = 0;
  bool const holds = squares_hold(factor.total_variance);
  if (options.rule.relative && holds) {
    Matrix<double> copy = gram;
    largest = root(eigvalsh(copy).front());
  }
  factor.cut =
      rank_cut(options.rule, std::sqrt(factor.total_variance), std::min(n, factor.features), factor.tau, largest);

  std::vector<Index> all;
  if (holds)
    for (Index i = 0; i < n; ++i) all.push_back(i);
  else
    gram = Matrix<double>();
  LevelReport report;
  Directions found = resolve_directions(
      std::move(gram), all, n, factor.cut, options.exact,
      [&](MatrixView<double const> directions) {
        Matrix<double> projected(directions.cols, directions.cols);
        Matrix<double> y(buffer.rows(), directions.cols);
        for_each_feature_block(source, buffer, factor, false, [&](Index, MatrixView<double> block) {
          auto const part = y.view().block(0, 0, block.rows, directions.cols);
          gemm(1.0, block, Op::none, directions, Op::none, 0.0, part);
          syrk_lower(1.0, part, Op::transpose, 1.0, projected);
        });
        sum_lower(source.sum, projected);
        return projected;
      },
      source.decompose,
      options.basis || options.loadings || source.outputs.cols > 0 ? DirectionDetail::vectors : DirectionDetail::values,
      report);
  factor.levels = report.levels;
  factor.largest_dropped = report.largest_dropped;
  auto const most = static_cast<std::size_t>(std::min(n - 1, factor.features));
  if (found.values.size() > most) found.values.resize(most);
  Index const kept = kept_directions(options, found.values);
  factor.singular_values = found.values;
  bool const gives = options.output != nullptr && kept > 0;
  if (gives) options.output->begin(kept, found.values.front());
  if (source.outputs.cols > 0) {
    factor.projections = Matrix<double>(kept, source.outputs.cols);
    gemm(1.0, found.vectors.view().block(0, 0, n, kept), Op::transpose, source.outputs, Op::none, 0.0,
         factor.projections.view());
  }
  if (options.basis) fill_basis(found, kept, options, factor);
  if (options.loadings) {
    auto const vectors = found.vectors.view().block(0, 0, n, kept);
    factor.loadings = Matrix<double>(gives ? 0 : kept, gives ? 0 : source.features);
    Matrix<double> part(gives ? kept : 0, gives ? buffer.rows() : 0);
    for_each_feature_block(source, buffer, factor, false, [&](Index begin, MatrixView<double> block) {
      auto const out =
          gives ? part.view().block(0, 0, kept, block.rows) : factor.loadings.view().block(0, begin, kept, block.rows);
      gemm(1.0, vectors, Op::transpose, block, Op::transpose, 0.0, out);
      if (gives) options.output->put_loadings(begin, out);
    });
  }
  return factor;
}

}  // namespace confer
