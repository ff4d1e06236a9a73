#include "confer/similarity/held_out.hpp"

#include <cstdint>
#include <numeric>

#include "confer/linalg/dense.hpp"

namespace confer {

namespace {

/// A number that looks random, the same on every platform (the finaliser of SplitMix64).
std::uint64_t mixed(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

/// sum_i (a_i - p)(b_i - q)' from sum a_i b_i', sum a_i and sum b_i over `rows` rows.
Matrix<double> about(MatrixView<double const> products, std::span<double const> sum_a, std::span<double const> sum_b,
                     std::span<double const> p, std::span<double const> q, double rows) {
  Matrix<double> result(products.rows, products.cols);
  for (std::size_t j = 0; j < sum_b.size(); ++j)
    for (std::size_t i = 0; i < sum_a.size(); ++i)
      result(static_cast<Index>(i), static_cast<Index>(j)) = products(static_cast<Index>(i), static_cast<Index>(j)) -
                                                             sum_a[i] * q[j] - p[i] * sum_b[j] + rows * p[i] * q[j];
  return result;
}

/// rotation_x' C rotation_y.
Matrix<double> turned(Matrix<double> const& rotation_x, Matrix<double> const& c, Matrix<double> const& rotation_y) {
  Matrix<double> half(rotation_x.cols(), c.cols()), result(rotation_x.cols(), rotation_y.cols());
  if (result.size() == 0) return result;
  gemm(1.0, rotation_x.const_view(), Op::transpose, c.const_view(), Op::none, 0.0, half.view());
  gemm(1.0, half.const_view(), Op::none, rotation_y.const_view(), Op::none, 0.0, result.view());
  return result;
}

Matrix<double> transposed_copy(Matrix<double> const& a) {
  Matrix<double> result(a.cols(), a.rows());
  for (Index j = 0; j < a.cols(); ++j)
    for (Index i = 0; i < a.rows(); ++i) result(j, i) = a(i, j);
  return result;
}

}  // namespace

HeldOutFold HeldOutFold::transposed(HeldOutSide const& y) const {
  return {y_values,        x_values,       transposed_copy(fit_cross), transposed_copy(test_cross), y.test_gram.view(),
          y_test_variance, x_test_variance};
}

std::vector<Index> folds_of_samples(Index samples, Index folds) {
  std::vector<Index> order(static_cast<std::size_t>(samples));
  std::iota(order.begin(), order.end(), Index{0});
  for (Index i = samples - 1; i > 0; --i)
    std::swap(
        order[static_cast<std::size_t>(i)],
        order[static_cast<std::size_t>(mixed(static_cast<std::uint64_t>(i)) % static_cast<std::uint64_t>(i + 1))]);
  std::vector<Index> fold(order.size());
  for (Index i = 0; i < samples; ++i) fold[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])] = i % folds;
  return fold;
}

HeldOutSide held_out_side(WeightedMoments const& fit, WeightedMoments const& test,
                          std::span<double const> singular_values, double cut) {
  HeldOutSide side;
  side.fit = reweight(fit, singular_values, cut);
  side.fit.loadings = {};  // nothing is judged by them
  side.fit_rows = fit.weight;
  side.test_rows = test.weight;
  side.fit_sum = fit.sum;
  side.test_sum = test.sum;
  Matrix<double> gram = test.gram;
  mirror_lower(gram.view());
  Matrix<double> const spread = about(gram, test.sum, test.sum, side.fit.mean, side.fit.mean, test.weight);
  for (std::size_t j = 0; j < singular_values.size(); ++j)
    side.test_variance +=
        singular_values[j] * singular_values[j] * spread(static_cast<Index>(j), static_cast<Index>(j));
  side.test_gram = turned(side.fit.rotation, spread, side.fit.rotation);
  return side;
}

HeldOutFold held_out_fold(HeldOutSide const& x, HeldOutSide const& y, MatrixView<double const> fit_cross,
                          MatrixView<double const> test_cross) {
  HeldOutFold fold;
  fold.x_values = x.fit.singular_values;
  fold.y_values = y.fit.singular_values;
  fold.x_test_gram = x.test_gram.view();
  fold.x_test_variance = x.test_variance;
  fold.y_test_variance = y.test_variance;
  fold.fit_cross = turned(x.fit.rotation, about(fit_cross, x.fit_sum, y.fit_sum, x.fit.mean, y.fit.mean, x.fit_rows),
                          y.fit.rotation);
  fold.test_cross = turned(
      x.fit.rotation, about(test_cross, x.test_sum, y.test_sum, x.fit.mean, y.fit.mean, x.test_rows), y.fit.rotation);
  return fold;
}

}  // namespace confer
