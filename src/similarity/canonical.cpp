#include "confer/similarity/canonical.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "confer/linalg/dense.hpp"

namespace confer {

namespace {

/// sum_j |(directions' loadings)_ij| for every column i of directions (rank x count).
template <class T>
std::vector<double> absolute_sums(MatrixView<double const> directions, LoadingsOf<T> const& loadings) {
  Matrix<T> narrow_directions(directions.rows, directions.cols);
  for (Index j = 0; j < directions.cols; ++j)
    std::transform(directions.column(j), directions.column(j) + directions.rows, narrow_directions.view().column(j),
                   [](double value) { return static_cast<T>(value); });
  // Neurons in blocks keep the product in cache whatever their number.
  Matrix<T> product(directions.cols, loadings_block);
  std::vector<double> sums(static_cast<std::size_t>(directions.cols), 0.0);
  loadings([&](MatrixView<T const> block) {
    for (Index begin = 0; begin < block.cols; begin += loadings_block) {
      auto const part = product.view().block(0, 0, directions.cols, std::min(loadings_block, block.cols - begin));
      gemm(T{1}, narrow_directions.const_view(), Op::transpose, block.block(0, begin, block.rows, part.cols), Op::none,
           T{0}, part);
      for (Index j = 0; j < part.cols; ++j)
        for (Index i = 0; i < part.rows; ++i)
          sums[static_cast<std::size_t>(i)] += std::abs(static_cast<double>(part(i, j)));
    }
  });
  return sums;
}

template <class T>
LoadingsOf<T> in_memory(MatrixView<T const> loadings) {
  return [loadings](auto const& visit) { visit(loadings); };
}

double norm(double const* values, Index count) {
  double sum = 0;
  for (Index i = 0; i < count; ++i) sum += values[i] * values[i];
  return std::sqrt(sum);
}

/// Makes the columns of `vectors` unit vectors; from column `safe` on they are also made orthogonal to all before, and
/// replaced where nothing is left of them: directions that belong to (nearly) zero correlations.
void complete_orthonormal(MatrixView<double> vectors, Index safe) {
  for (Index j = 0; j < vectors.cols; ++j) {
    double* const v = vectors.column(j);
    double length = norm(v, vectors.rows);
    Index next_unit = 0;
    for (int attempt = 0; j >= safe && attempt < 3 * vectors.rows; ++attempt) {
      if (length > 0)
        for (Index i = 0; i < vectors.rows; ++i) v[i] /= length;
      double const before = length > 0 ? 1.0 : 0.0;
      for (int pass = 0; pass < 2; ++pass)
        for (Index k = 0; k < j; ++k) {
          double const* const u = vectors.column(k);
          double dot = 0;
          for (Index i = 0; i < vectors.rows; ++i) dot += u[i] * v[i];
          for (Index i = 0; i < vectors.rows; ++i) v[i] -= dot * u[i];
        }
      length = norm(v, vectors.rows);
      if (length > 0.1 * before && before > 0) break;
      std::fill_n(v, vectors.rows, 0.0);
      v[next_unit++ % vectors.rows] = 1.0;
      length = 1.0;
    }
    for (Index i = 0; i < vectors.rows; ++i) v[i] /= length;
  }
}

/// Gram-Schmidt, twice, of independent columns in order.
void orthonormalise(MatrixView<double> vectors) {
  for (Index j = 0; j < vectors.cols; ++j) {
    double* const v = vectors.column(j);
    for (int pass = 0; pass < 2; ++pass) {
      for (Index k = 0; k < j; ++k) {
        double const* const u = vectors.column(k);
        double const dot = std::inner_product(u, u + vectors.rows, v, 0.0);
        for (Index i = 0; i < vectors.rows; ++i) v[i] -= dot * u[i];
      }
      double const length = norm(v, vectors.rows);
      for (Index i = 0; i < vectors.rows; ++i) v[i] /= length;
    }
  }
}

template <class To, class From>
Matrix<To> converted(MatrixView<From const> a) {
  Matrix<To> result(a.rows, a.cols);
  for (Index j = 0; j < a.cols; ++j)
    std::transform(a.column(j), a.column(j) + a.rows, result.view().column(j),
                   [](From value) { return static_cast<To>(value); });
  return result;
}

/// Canonical directions of the smaller side, their images M'l, and the lengths of these: the correlations.
struct Directions {
  Matrix<double> small, images;
  std::vector<double> correlations;  ///< descending, but for rounding
};

/// Correlations below this part of the largest are resolved in double precision: single precision cannot tell apart the
/// eigenvalues of M M', their squares.
constexpr double well_resolved = 1e-2;

/// Turns directions from `first` on, and their images, so that the images are orthogonal to all images.
void resolve_again(MatrixView<double const> cross, Op to_image, Index first, Directions& directions) {
  Index const count = directions.small.cols() - first;
  if (count == 0) return;
  auto const small = directions.small.view().block(0, first, directions.small.rows(), count);
  auto const images = directions.images.view().block(0, first, directions.images.rows(), count);
  Matrix<double> mapped(images.rows, count), gram(count, count), along(first, count);
  gemm(1.0, cross, to_image, small, Op::none, 0.0, mapped.view());
  auto const larger = directions.images.const_view().block(0, 0, images.rows, first);
  gemm(1.0, larger, Op::transpose, mapped.const_view(), Op::none, 0.0, along.view());
  gemm(-1.0, larger, Op::none, along.const_view(), Op::none, 1.0, mapped.view());
  syrk_lower(1.0, mapped.const_view(), Op::transpose, 0.0, gram.view());
  Eigen const turn = eigh(gram.const_view());
  Matrix<double> const before = converted<double, double>(small);
  gemm(1.0, before.const_view(), Op::none, turn.vectors.const_view(), Op::none, 0.0, small);
  gemm(1.0, mapped.const_view(), Op::none, turn.vectors.const_view(), Op::none, 0.0, images);
  for (Index i = 0; i < count; ++i)
    directions.correlations[static_cast<std::size_t>(first + i)] =
        std::sqrt(std::max(0.0, turn.values[static_cast<std::size_t>(i)]));
}

/// Eigenvectors of M M' in single precision, which M itself is known to, and lengths of their images in double
/// precision: an error of a direction enters a length by its square only.
Directions directions_of(MatrixView<double const> cross, bool rows_are_small) {
  Op const to_image = rows_are_small ? Op::transpose : Op::none;
  Index const small = rows_are_small ? cross.rows : cross.cols;
  Index const large = rows_are_small ? cross.cols : cross.rows;
  Matrix<float> const single = converted<float>(cross);
  Matrix<float> gram(small, small), images(large, small);
  syrk_lower(1.0F, single.const_view(), rows_are_small ? Op::none : Op::transpose, 0.0F, gram.view());
  Matrix<float> const vectors = eigh(gram.const_view()).vectors;
  gemm(1.0F, single.const_view(), to_image, vectors.const_view(), Op::none, 0.0F, images.view());
  Directions directions{converted<double>(vectors.const_view()), converted<double>(images.const_view()), {}};
  for (Index j = 0; j < small; ++j) {
    double const length = norm(directions.small.view().column(j), small);
    for (double& value : directions.small.view().column_span(j)) value /= length;
    double const image = norm(directions.images.view().column(j), large);
    directions.correlations.push_back(image / length);
    if (image > 0)
      for (double& value : directions.images.view().column_span(j)) value /= image;
  }
  Index first = small;
  while (first > 0 && directions.correlations[static_cast<std::size_t>(first - 1)] <
                          well_resolved * directions.correlations.front())
    --first;
  resolve_again(cross, to_image, first, directions);
  return directions;
}

CanonicalWeights descending(CanonicalWeights const& given) {
  std::vector<std::size_t> order(given.correlations.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return given.correlations[a] > given.correlations[b]; });
  CanonicalWeights sorted;
  for (std::size_t const i : order) {
    sorted.correlations.push_back(given.correlations[i]);
    sorted.weights_x.push_back(given.weights_x[i]);
    sorted.weights_y.push_back(given.weights_y[i]);
  }
  return sorted;
}

/// Eigenvectors give the smaller side; the other side follows through M.
CanonicalWeights from_smaller_side(MatrixView<double const> cross, LoadingsOf<float> const& loadings_small,
                                   LoadingsOf<float> const& loadings_large, bool rows_are_small) {
  Directions directions = directions_of(cross, rows_are_small);
  CanonicalWeights result;
  for (double const value : directions.correlations) result.correlations.push_back(std::min(value, 1.0));
  // Below this, rounding has spoilt the direction of M'l.
  Index safe = 0;
  while (safe < std::ssize(result.correlations) && result.correlations[static_cast<std::size_t>(safe)] > 1e-5) ++safe;
  complete_orthonormal(directions.images.view(), safe);
  result.weights_x = absolute_sums<float>(directions.small.const_view(), loadings_small);
  result.weights_y = absolute_sums<float>(directions.images.const_view(), loadings_large);
  if (!rows_are_small) std::swap(result.weights_x, result.weights_y);
  return descending(result);
}

}  // namespace

CanonicalWeights canonical_weights(MatrixView<double const> cross, MatrixView<float const> loadings_x,
                                   MatrixView<float const> loadings_y) {
  return canonical_weights(cross, in_memory(loadings_x), in_memory(loadings_y));
}

CanonicalWeights canonical_weights(MatrixView<double const> cross, LoadingsOf<float> const& loadings_x,
                                   LoadingsOf<float> const& loadings_y) {
  bool const rows_are_small = cross.rows <= cross.cols;
  return from_smaller_side(cross, rows_are_small ? loadings_x : loadings_y, rows_are_small ? loadings_y : loadings_x,
                           rows_are_small);
}

CanonicalWeights canonical_weights(MatrixView<double const> cross, MatrixView<double const> loadings_x,
                                   MatrixView<double const> loadings_y) {
  return canonical_weights(cross, in_memory(loadings_x), in_memory(loadings_y));
}

CanonicalWeights canonical_weights(MatrixView<double const> cross, LoadingsOf<double> const& loadings_x,
                                   LoadingsOf<double> const& loadings_y) {
  Svd const decomposition = svd(cross);
  CanonicalWeights result;
  for (double const value : decomposition.s) result.correlations.push_back(std::min(value, 1.0));
  result.weights_x = absolute_sums<double>(decomposition.u.const_view(), loadings_x);
  Matrix<double> right(decomposition.vt.cols(), decomposition.vt.rows());
  for (Index j = 0; j < right.cols(); ++j)
    for (Index i = 0; i < right.rows(); ++i) right(i, j) = decomposition.vt(j, i);
  result.weights_y = absolute_sums<double>(right.const_view(), loadings_y);
  return result;
}

namespace {

/// V' of the neurons that vary, rank x neurons.
template <class T>
Matrix<double> live_directions(GoogleSide<T> const& side, std::vector<Index>& live) {
  for (Index j = 0; j < side.loadings.cols; ++j) {
    auto const column = side.loadings.column_span(j);
    if (std::any_of(column.begin(), column.end(), [](T value) { return value != T{0}; })) live.push_back(j);
  }
  Matrix<double> directions(side.loadings.rows, std::ssize(live));
  for (Index j = 0; j < directions.cols(); ++j)
    for (Index k = 0; k < directions.rows(); ++k)
      directions(k, j) = side.scale * static_cast<double>(side.loadings(k, live[static_cast<std::size_t>(j)])) /
                         side.singular_values[static_cast<std::size_t>(k)];
  return directions;
}

}  // namespace

template <class T>
std::vector<double> google_weights(MatrixView<double const> cross, GoogleSide<T> const& x, GoogleSide<T> const& y,
                                   Index rows) {
  std::vector<Index> live, live_y;
  Matrix<double> const vx = live_directions(x, live), vy = live_directions(y, live_y);
  Index const rank = cross.rows;
  if (vx.cols() != rank) return {};
  Matrix<double> half(rank, vy.cols()), whitened(rank, vy.cols()), left(rank, rank);  // Vx M Vy', in neurons
  gemm(1.0, cross, Op::none, vy.const_view(), Op::none, 0.0, half.view());
  gemm(1.0, vx.const_view(), Op::transpose, half.const_view(), Op::none, 0.0, whitened.view());
  gemm(1.0, vx.const_view(), Op::none, svd(whitened).u.const_view(), Op::none, 0.0, left.view());
  // Coordinates in the basis U and, last, the direction of all ones.
  Matrix<double> directions(rank + 1, rank), neurons(rank + 1, rank), products(rank, rank);
  double const root = std::sqrt(static_cast<double>(rows));
  for (Index i = 0; i < rank; ++i) {
    for (Index k = 0; k < rank; ++k) {
      double const s = x.singular_values[static_cast<std::size_t>(k)];
      directions(k, i) = s * left(k, i);
      neurons(k, i) = s * vx(k, i);
    }
    directions(rank, i) = neurons(rank, i) =
        root * x.means[static_cast<std::size_t>(live[static_cast<std::size_t>(i)])];
  }
  orthonormalise(directions.view());
  gemm(1.0, directions.const_view(), Op::transpose, neurons.const_view(), Op::none, 0.0, products.view());
  std::vector<double> weights(static_cast<std::size_t>(rank), 0.0);
  for (Index j = 0; j < rank; ++j)
    for (Index i = 0; i < rank; ++i) weights[static_cast<std::size_t>(i)] += std::abs(products(i, j));
  return weights;
}

template std::vector<double> google_weights(MatrixView<double const>, GoogleSide<float> const&,
                                            GoogleSide<float> const&, Index);
template std::vector<double> google_weights(MatrixView<double const>, GoogleSide<double> const&,
                                            GoogleSide<double> const&, Index);

}  // namespace confer
