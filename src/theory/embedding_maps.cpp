#include "confer/theory/embedding_maps.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "confer/linalg/dense.hpp"

namespace confer {

namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

double trace(MatrixView<double const> a) {
  double sum = 0;
  for (Index i = 0; i < std::min(a.rows, a.cols); ++i) sum += a(i, i);
  return sum;
}

/// Source directions and what they share with the target: X'X = V diag(s^2) V', B = V'X'Y, directions that rounding may
/// have made left out.
struct Spectrum {
  std::vector<double> squares;
  Matrix<double> vectors;  ///< p x r
  Matrix<double> shared;   ///< r x q
};

Spectrum spectrum_of(MapMoments const& m) {
  Eigen const eigen = eigh(m.source);
  Spectrum result;
  double const largest = eigen.values.empty() ? 0.0 : std::max(eigen.values.front(), 0.0);
  double const negligible = largest * static_cast<double>(m.source.rows) * 2.3e-16;
  // Centred samples span n - 1 directions at the most, whatever rounding adds.
  auto const most = static_cast<std::size_t>(std::max<Index>(m.rows - 1, 0));
  for (double const value : eigen.values)
    if (value > negligible && result.squares.size() < most) result.squares.push_back(value);
  auto const rank = static_cast<Index>(result.squares.size());
  result.vectors = Matrix<double>(m.source.rows, rank);
  std::copy_n(eigen.vectors.data(), result.vectors.size(), result.vectors.data());
  result.shared = Matrix<double>(rank, m.cross.cols);
  if (result.shared.size() > 0) gemm(1.0, result.vectors, Op::transpose, m.cross, Op::none, 0.0, result.shared);
  return result;
}

Matrix<double> penalised(Spectrum const& s, Index sources, Index targets, double penalty) {
  Matrix<double> scaled = s.shared, weights(sources, targets);
  for (Index j = 0; j < scaled.cols(); ++j)
    for (Index i = 0; i < scaled.rows(); ++i) scaled(i, j) /= s.squares[at(i)] + penalty;
  if (scaled.size() > 0) gemm(1.0, s.vectors, Op::none, scaled, Op::none, 0.0, weights);
  return weights;
}

double best_penalty(Spectrum const& s, MapMoments const& m) {
  if (s.squares.empty()) return 0;
  std::vector<double> explained;  // sum over targets, per direction
  for (Index i = 0; i < s.shared.rows(); ++i) {
    double sum = 0;
    for (Index j = 0; j < s.shared.cols(); ++j) sum += s.shared(i, j) * s.shared(i, j);
    explained.push_back(sum / s.squares[at(i)]);
  }
  double const total = trace(m.target), n = static_cast<double>(m.rows);
  double best = 0, lowest = std::numeric_limits<double>::infinity();
  for (int step = -120; step <= 24; ++step) {
    double const penalty = s.squares.front() * std::pow(10.0, step / 12.0);
    double freedom = 1, residual = total;
    for (std::size_t i = 0; i < explained.size(); ++i) {
      double const f = s.squares[i] / (s.squares[i] + penalty);
      freedom += f;
      residual -= explained[i] * (2 * f - f * f);
    }
    double const left = 1 - freedom / n;
    if (left <= 1e-9) continue;
    double const score = std::max(residual, 0.0) / (left * left);
    if (score < lowest) {
      lowest = score;
      best = penalty;
    }
  }
  return best;
}

}  // namespace

std::vector<std::string> const& map_names() {
  static std::vector<std::string> const names = {"identity", "procrustes", "linear", "ridge"};
  return names;
}

EmbeddingMap fit_map(MapKind kind, MapMoments const& m) {
  Index const p = m.cross.rows, q = m.cross.cols;
  EmbeddingMap map{Matrix<double>(p, q), 0};
  switch (kind) {
    case MapKind::identity:
      for (Index i = 0; i < std::min(p, q); ++i) map.weights(i, i) = 1;
      break;
    case MapKind::procrustes: {
      Svd const parts = svd(m.cross);
      gemm(1.0, parts.u, Op::none, parts.vt, Op::none, 0.0, map.weights);
      break;
    }
    case MapKind::linear:
      map.weights = penalised(spectrum_of(m), p, q, 0);
      break;
    case MapKind::ridge: {
      Spectrum const s = spectrum_of(m);
      map.penalty = best_penalty(s, m);
      map.weights = penalised(s, p, q, map.penalty);
      break;
    }
  }
  return map;
}

double map_r2(EmbeddingMap const& map, MapMoments const& m, double elsewhere) {
  Matrix<double> spread(map.weights.rows(), map.weights.cols());
  gemm(1.0, m.source, Op::none, map.weights, Op::none, 0.0, spread);
  double error = trace(m.target);
  double const total = error;
  for (Index j = 0; j < spread.cols(); ++j)
    for (Index i = 0; i < spread.rows(); ++i) error += map.weights(i, j) * (spread(i, j) - 2 * m.cross(i, j));
  return total > 0 ? 1 - (error + elsewhere) / total : std::numeric_limits<double>::quiet_NaN();
}

Retrieval retrieve(MatrixView<double const> mapped, MatrixView<double const> gallery, std::span<Index const> labels) {
  Index const n = gallery.cols;
  Matrix<double> unit(gallery.rows, n);
  for (Index j = 0; j < n; ++j) {
    double squares = 0;
    for (double const value : gallery.column_span(j)) squares += value * value;
    for (Index i = 0; i < gallery.rows; ++i) unit(i, j) = squares > 0 ? gallery(i, j) / std::sqrt(squares) : 0.0;
  }
  Index own = 0, of_class = 0;
  constexpr Index block = 256;
  Matrix<double> cosines(n, std::min(block, n));
  for (Index begin = 0; begin < n; begin += block) {
    Index const count = std::min(block, n - begin);
    auto const part = cosines.view().block(0, 0, n, count);
    gemm(1.0, unit, Op::transpose, mapped.block(0, begin, mapped.rows, count), Op::none, 0.0, part);
    for (Index j = 0; j < count; ++j) {
      auto const column = part.column_span(j);
      auto const best = static_cast<Index>(std::max_element(column.begin(), column.end()) - column.begin());
      own += best == begin + j ? 1 : 0;
      if (!labels.empty()) of_class += labels[at(best)] == labels[at(begin + j)] ? 1 : 0;
    }
  }
  auto const total = static_cast<double>(n);
  return {static_cast<double>(own) / total,
          labels.empty() ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(of_class) / total};
}

}  // namespace confer
