#include "confer/similarity/canonical.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "confer/linalg/block_eigen.hpp"
#include "confer/linalg/dense.hpp"
#include "confer/linalg/round_to_single.hpp"

namespace confer {

namespace {

/// sum_j |(directions' loadings)_ij| for every column i of directions (rank x count).
template <class T>
std::vector<double> absolute_sums(MatrixView<T const> directions, LoadingsOf<T> const& loadings) {
  // Neurons in blocks keep the product in cache whatever their number.
  Matrix<T> product(directions.cols, loadings_block, Uninitialised());
  std::vector<double> sums(static_cast<std::size_t>(directions.cols), 0.0);
  loadings([&](MatrixView<T const> block) {
    for (Index begin = 0; begin < block.cols; begin += loadings_block) {
      auto const part = product.view().block(0, 0, directions.cols, std::min(loadings_block, block.cols - begin));
      gemm(T{1}, directions, Op::transpose, block.block(0, begin, block.rows, part.cols), Op::none, T{0}, part);
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
  std::span const v(values, static_cast<std::size_t>(count));
  return std::sqrt(dot(v, v));
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

/// Directions with larger correlations than this, and their images, are made in single precision: their rounding
/// errors, which are divided by the correlation, remain below those that M itself brings.
constexpr double single_correlation = 0.03;

/// Eigenvectors give the smaller side; the other side follows through M: M'l is as long as the correlation.
CanonicalWeights from_smaller_side(CanonicalPair<float> const& pair, GramEigen const& eigen) {
  auto const& cross = pair.cross;
  bool const rows_are_small = cross.rows <= cross.cols;
  Op const to_large = rows_are_small ? Op::transpose : Op::none;
  Index const small = std::min(cross.rows, cross.cols), large = std::max(cross.rows, cross.cols);
  Index const singles = eigen.first.cols(), others = small - singles;
  CanonicalWeights result;
  for (double const value : eigen.values) result.correlations.push_back(std::sqrt(std::clamp(value, 0.0, 1.0)));
  Matrix<float> directions(small, small, Uninitialised()), images(large, small, Uninitialised());
  std::copy_n(eigen.first.data(), eigen.first.size(), directions.data());
  round_to_single(eigen.others, directions.view().block(0, singles, small, others));
  Matrix<float> cross_single(cross.rows, cross.cols, Uninitialised());
  round_to_single(cross, cross_single);
  gemm(1.0F, cross_single, to_large, eigen.first, Op::none, 0.0F, images.view().block(0, 0, large, singles));
  for (Index j = 0; j < singles; ++j)
    for (float& value : images.view().column_span(j))
      value /= static_cast<float>(result.correlations[static_cast<std::size_t>(j)]);

  // Below this, rounding has spoilt the direction of M'l: it is only known to be orthogonal to all others.
  auto const spoilt = std::ranges::find_if(result.correlations, [](double value) { return !(value > 1e-5); });
  Index const safe = spoilt - result.correlations.begin(), held = safe < small ? singles : 0;
  Matrix<double> completed(large, held + others, Uninitialised());
  for (Index i = 0; i < large * held; ++i) completed.data()[i] = static_cast<double>(images.data()[i]);
  auto const of_others = completed.view().block(0, held, large, others);
  gemm(1.0, cross, to_large, eigen.others, Op::none, 0.0, of_others);
  complete_orthonormal(completed, safe - singles + held);
  round_to_single(of_others, images.view().block(0, singles, large, others));

  auto const weights = [&](bool of_small, LoadingsOf<float> const& loadings) {
    return absolute_sums<float>(of_small ? directions : images, loadings);
  };
  result.weights_x = weights(rows_are_small, pair.loadings_x);
  result.weights_y = weights(!rows_are_small, pair.loadings_y);
  return result;
}

CanonicalWeights from_singular_values(CanonicalPair<double> const& pair) {
  Svd const decomposition = svd(pair.cross);
  CanonicalWeights result;
  for (double const value : decomposition.s) result.correlations.push_back(std::min(value, 1.0));
  result.weights_x = absolute_sums<double>(decomposition.u, pair.loadings_x);
  Matrix<double> right(decomposition.vt.cols(), decomposition.vt.rows());
  for (Index j = 0; j < right.cols(); ++j)
    for (Index i = 0; i < right.rows(); ++i) right(i, j) = decomposition.vt(j, i);
  result.weights_y = absolute_sums<double>(right, pair.loadings_y);
  return result;
}

template <class T>
CanonicalWeights weights_of_one(MatrixView<double const> cross, MatrixView<T const> loadings_x,
                                MatrixView<T const> loadings_y) {
  CanonicalPair<T> const pair{cross, in_memory(loadings_x), in_memory(loadings_y)};
  CanonicalWeights result;
  canonical_weights<T>({&pair, 1}, [&](std::size_t, CanonicalWeights weights) { result = std::move(weights); });
  return result;
}

}  // namespace

template <>
void canonical_weights(std::span<CanonicalPair<float> const> pairs,
                       std::function<void(std::size_t pair, CanonicalWeights weights)> const& use) {
  std::vector<MatrixView<double const>> blocks;
  for (auto const& pair : pairs) blocks.push_back(pair.cross);
  gram_eigenvectors(blocks, single_correlation * single_correlation,
                    [&](std::size_t at, GramEigen const& eigen) { use(at, from_smaller_side(pairs[at], eigen)); });
}

template <>
void canonical_weights(std::span<CanonicalPair<double> const> pairs,
                       std::function<void(std::size_t pair, CanonicalWeights weights)> const& use) {
  for (std::size_t at = 0; at < pairs.size(); ++at) use(at, from_singular_values(pairs[at]));
}

CanonicalWeights canonical_weights(MatrixView<double const> cross, MatrixView<float const> loadings_x,
                                   MatrixView<float const> loadings_y) {
  return weights_of_one(cross, loadings_x, loadings_y);
}

CanonicalWeights canonical_weights(MatrixView<double const> cross, MatrixView<double const> loadings_x,
                                   MatrixView<double const> loadings_y) {
  return weights_of_one(cross, loadings_x, loadings_y);
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
