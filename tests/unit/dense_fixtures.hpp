/// Small matrices and what tests do to them.
#pragma once

#include <random>
#include <vector>

#include "confer/linalg/dense.hpp"

namespace confer::test {

inline Matrix<double> centred(Matrix<double> data) {
  for (Index j = 0; j < data.cols(); ++j) {
    double mean = 0;
    for (double value : data.view().column_span(j)) mean += value / static_cast<double>(data.rows());
    for (double& value : data.view().column_span(j)) value -= mean;
  }
  return data;
}

inline Matrix<double> gaussian(Index rows, Index cols, unsigned seed) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<double> normal;
  Matrix<double> result(rows, cols);
  for (Index j = 0; j < cols; ++j)
    for (Index i = 0; i < rows; ++i) result(i, j) = normal(generator);
  return result;
}

inline Matrix<double> product(Matrix<double> const& a, Matrix<double> const& b) {
  Matrix<double> result(a.rows(), b.cols());
  gemm(1, a.view(), Op::none, b.view(), Op::none, 0, result);
  return result;
}

inline Matrix<double> rotation(Index size, unsigned seed) { return svd(gaussian(size, size, seed)).u; }

inline Matrix<double> added(Matrix<double> const& a, Matrix<double> const& b, double factor) {
  Matrix<double> result = a;
  for (Index i = 0; i < a.size(); ++i) result.data()[i] += factor * b.data()[i];
  return result;
}

inline Matrix<double> scaled(Matrix<double> const& a, double factor) { return added(a, a, factor - 1); }

/// A different constant on every neuron.
inline Matrix<double> translated(Matrix<double> const& a) {
  Matrix<double> result = a;
  for (Index j = 0; j < a.cols(); ++j)
    for (double& value : result.view().column_span(j)) value += 3.0 - static_cast<double>(j % 7);
  return result;
}

/// Neurons in reverse order.
inline Matrix<double> neurons_reversed(Matrix<double> const& a) {
  Matrix<double> result(a.rows(), a.cols());
  for (Index j = 0; j < a.cols(); ++j)
    std::copy_n(a.view().column(j), a.rows(), result.view().column(a.cols() - 1 - j));
  return result;
}

/// The columns of a and then those of b.
inline Matrix<double> side_by_side(Matrix<double> const& a, Matrix<double> const& b) {
  Matrix<double> result(a.rows(), a.cols() + b.cols());
  std::copy_n(a.data(), a.size(), result.data());
  std::copy_n(b.data(), b.size(), result.data() + a.size());
  return result;
}

inline Matrix<double> columns(Matrix<double> const& a, Index begin, Index count) {
  Matrix<double> result(a.rows(), count);
  std::copy_n(a.view().column(begin), result.size(), result.data());
  return result;
}

/// Rows in the given order.
inline Matrix<double> relabelled(Matrix<double> const& a, std::vector<Index> const& order) {
  Matrix<double> result(a.rows(), a.cols());
  for (Index j = 0; j < a.cols(); ++j)
    for (Index i = 0; i < a.rows(); ++i) result(i, j) = a(order[static_cast<std::size_t>(i)], j);
  return result;
}

}  // namespace confer::test
