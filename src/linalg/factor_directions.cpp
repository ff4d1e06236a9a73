#include "linalg/factor_directions.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "confer/linalg/block_spectra.hpp"
#include "confer/linalg/dense.hpp"

namespace confer {

namespace {

/// Directions below this share of the largest of their level are left to the next level. The squared condition number
/// times rounding bounds the error of a level: 1e-12, or some 1e-8, which single precision does not show. And what
/// eigenvectors of the next level still hold of the last one of this level, rounding over the share, must stay below
/// the cut, or it would count as a direction.
double level_share(double top, double cut, bool exact) {
  constexpr double error_of_eigenvectors = 16 * double_rounding;
  return std::clamp(error_of_eigenvectors * top / cut, exact ? 1e-2 : 2.5e-4, 0.1);
}

Directions sorted(std::vector<double> const& values, std::vector<double const*> const& columns, Index dimension) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] > values[b]; });
  Directions found{{}, Matrix<double>(dimension, static_cast<Index>(values.size()))};
  for (std::size_t j = 0; j < order.size(); ++j) {
    found.values.push_back(values[order[j]]);
    std::copy_n(columns[order[j]], dimension, found.vectors.view().column(static_cast<Index>(j)));
  }
  return found;
}

/// The values that one Gram matrix resolves, unless some are left to a next level.
std::optional<std::vector<double>> values_of_one_level(Matrix<double> const& gram, double cut, bool exact,
                                                       Decompose const& by, LevelReport& report) {
  std::vector<double> values = by(gram, DirectionDetail::values).values;
  for (double& value : values) value = root(value);
  LevelSplit const split = split_level(values, cut, exact);
  if (split.used != split.accurate && values.front() > cut) return std::nullopt;
  report.levels = 1;
  report.largest_dropped = split.largest_dropped;
  values.resize(static_cast<std::size_t>(split.found));
  return values;
}

}  // namespace

Eigen decompose(MatrixView<double const> gram, DirectionDetail detail) {
  if (detail == DirectionDetail::vectors) return eigh(gram);
  Index const n = gram.rows;
  Matrix<double> copy(n, n, Uninitialised());
  for (Index j = 0; j < n; ++j) std::copy(gram.column(j) + j, gram.column(j) + n, copy.view().column(j) + j);
  Eigen eigen{std::vector<double>(static_cast<std::size_t>(n)), {}};
  double* const matrix = copy.data();
  double* const values = eigen.values.data();
  symmetric_spectra(n, 1, &matrix, n, &values);
  std::reverse(eigen.values.begin(), eigen.values.end());
  return eigen;
}

double arithmetic_norm(double norm, Index smaller_side) {
  return 32 * double_rounding * std::sqrt(static_cast<double>(smaller_side)) * norm;
}

double root(double value) { return std::sqrt(std::max(value, 0.0)); }

Matrix<double> weights_of(Directions const& found, Index begin, Index end) {
  Matrix<double> weights(found.vectors.rows(), end - begin, Uninitialised());
  for (Index j = begin; j < end; ++j)
    for (Index i = 0; i < weights.rows(); ++i)
      weights(i, j - begin) = found.vectors(i, j) / found.values[static_cast<std::size_t>(j)];
  return weights;
}

LevelSplit split_level(std::span<double const> values, double cut, bool exact) {
  LevelSplit split;
  double const top = values.empty() ? 0 : values.front();
  double const resolution = top * std::sqrt(64 * double_rounding * static_cast<double>(values.size()));
  double const share = level_share(top, cut, exact);
  for (double const value : values) {
    bool const is_accurate = value >= share * top;
    // What cannot be told from the cut at this resolution goes on to the next level.
    bool const undecided = !is_accurate && (value >= cut || (cut < 4 * resolution && value + resolution >= cut));
    if (is_accurate) ++split.accurate;
    if (is_accurate || undecided) ++split.used;
    if (is_accurate && value >= cut) ++split.found;
    if (!undecided && value < cut) split.largest_dropped = std::max(split.largest_dropped, value);
  }
  return split;
}

bool squares_hold(double total_variance) {
  constexpr double least = 1e-290;  // with all digits of squares that are 1e-16 of it
  return total_variance > least && std::isfinite(total_variance);
}

double rank_cut(RankRule const& rule, double norm, Index smaller_side, double tau, double largest) {
  double const arithmetic = arithmetic_norm(norm, smaller_side);
  return std::max(rule.relative ? *rule.relative * largest : 2 * tau, arithmetic);
}

void sum_lower(std::function<void(std::span<double>)> const& sum, Matrix<double>& gram) {
  if (!sum) return;
  constexpr Index portion = Index{1} << 20;
  Index const n = gram.rows();
  std::vector<double> packed;
  for (Index begin = 0, end = 0; begin < n; begin = end) {
    packed.clear();
    do {
      packed.insert(packed.end(), gram.view().column(end) + end, gram.view().column(end) + n);
      ++end;
    } while (end < n && std::ssize(packed) + n - end <= portion);
    sum(packed);
    double const* source = packed.data();
    for (Index j = begin; j < end; source += n - j, ++j) std::copy_n(source, n - j, gram.view().column(j) + j);
  }
}

Index kept_directions(FactorOptions const& options, std::vector<double> const& values) {
  auto const rank = static_cast<Index>(values.size());
  if (options.components > 0) return std::min(options.components, rank);
  if (options.variance > 0) return std::min(components_for_variance(values, options.variance), rank);
  return rank;
}

Directions resolve_directions(Matrix<double> gram, std::vector<Index> const& live, Index dimension, double cut,
                              bool exact, std::function<Matrix<double>(MatrixView<double const>)> const& projected_gram,
                              Decompose const& by, DirectionDetail detail, LevelReport& report) {
  Decompose const alone = by ? by : Decompose(decompose);
  if (detail == DirectionDetail::values && gram.rows() > 0)
    if (auto found = values_of_one_level(gram, cut, exact, alone, report)) return {std::move(*found), {}};
  std::vector<double> values;
  std::vector<Matrix<double>> levels;
  std::vector<double const*> columns;
  Matrix<double> basis;  // dimension x directions of the level; at the first level the live unit vectors
  while (gram.rows() > 0) {
    Index const size = gram.rows();
    Eigen eigen = alone(gram, DirectionDetail::vectors);
    gram = Matrix<double>();
    ++report.levels;
    for (double& value : eigen.values) value = root(value);
    auto const [accurate, used, count, dropped] = split_level(eigen.values, cut, exact);
    report.largest_dropped = std::max(report.largest_dropped, dropped);
    Matrix<double> vectors(dimension, used);
    if (levels.empty()) {
      for (Index j = 0; j < used; ++j)
        for (Index i = 0; i < size; ++i) vectors(live[static_cast<std::size_t>(i)], j) = eigen.vectors(i, j);
    } else {
      gemm(1.0, basis, Op::none, eigen.vectors.view().block(0, 0, size, used), Op::none, 0.0, vectors);
    }
    levels.push_back(std::move(vectors));
    auto const kept = levels.back().const_view();
    for (Index j = 0; j < count; ++j) {
      values.push_back(eigen.values[static_cast<std::size_t>(j)]);
      columns.push_back(kept.column(j));
    }
    if (used == accurate || eigen.values.front() <= cut) break;
    basis = Matrix<double>(dimension, used - accurate);
    std::copy_n(kept.column(accurate), basis.size(), basis.data());
    gram = projected_gram(basis);
  }
  return sorted(values, columns, dimension);
}

}  // namespace confer
