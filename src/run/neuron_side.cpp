#include "run/neuron_side.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "confer/linalg/dense.hpp"
#include "run/activation_matrix.hpp"
#include "run/activation_source.hpp"

namespace confer {

namespace {

constexpr Index rows_of_a_block = 512;  ///< of 1000 neurons they stay in the cache until they are multiplied

/// A uniformly random order; the same on every machine.
std::vector<Index> random_order(Index count) {
  std::vector<Index> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), Index{0});
  std::mt19937_64 generator(20160502);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[generator() % i]);
  return order;
}

/// Four at a time, as in NeuronSums.
void add_columns(MatrixView<double const> part, double* __restrict sum) {
  Index i = 0;
  for (; i + 4 <= part.cols; i += 4) {
    double const *a = part.column(i), *b = part.column(i + 1), *c = part.column(i + 2), *d = part.column(i + 3);
    for (Index k = 0; k < part.rows; ++k) sum[k] += (a[k] + b[k]) + (c[k] + d[k]);
  }
  for (; i < part.cols; ++i)
    for (Index k = 0; k < part.rows; ++k) sum[k] += part(k, i);
}

}  // namespace

NeuronSide::NeuronSide(Catalog const& catalog, Representation const& representation, Index kept_bytes)
    : representation_(representation), reader_(catalog, representation) {
  auto const& layer = catalog.checkpoints[static_cast<std::size_t>(representation.checkpoint)]
                          .layers[static_cast<std::size_t>(representation.layer)];
  if (window_value_bytes(layer, representation, ActivationPart::By::features) == sizeof(float))
    values_ = Matrix<float>();
  std::visit([&](auto& values) { take_in(kept_bytes, values); }, values_);
  for (Index k = 0; k < live(); ++k) {
    means_.push_back(mean(k));
    scales_.push_back(1 / deviation(k));
  }
}

template <class T>
void NeuronSide::take_in(Index kept_bytes, Matrix<T>& values) {
  held_ = rows() * features() * static_cast<Index>(sizeof(T)) <= kept_bytes;
  values = Matrix<T>(features(), held_ ? rows() : block_rows(0));
  StoredValues seen;
  NeuronSums sums(features());
  for (Index b = 0; b < blocks(); ++b) {
    auto const block = values.view().block(0, held_ ? first_row(b) : 0, features(), block_rows(b));
    read_block(b, block, seen);
    sums.add(block);
  }
  if (seen.non_finite > 0) throw BadValues{seen};
  moments_ = sums.moments();
}

template <class T>
void NeuronSide::read_block(Index block, MatrixView<T> out, StoredValues& seen) {
  Index const per_sample = representation_.rows_per_sample;
  reader_.read(first_row(block) / per_sample, out.cols / per_sample, out, seen);
}

double NeuronSide::deviation(Index live_neuron) const {
  auto const j = static_cast<std::size_t>(moments_.live[static_cast<std::size_t>(live_neuron)]);
  return moments_.norm[j] / std::sqrt(static_cast<double>(rows()));
}

double NeuronSide::mean(Index live_neuron) const {
  return moments_.mean[static_cast<std::size_t>(moments_.live[static_cast<std::size_t>(live_neuron)])];
}

Index NeuronSide::samples_per_block() const {
  return std::max<Index>(1, rows_of_a_block / representation_.rows_per_sample / 2) * 2;  // blocks begin at even samples
}
Index NeuronSide::blocks() const { return (representation_.samples + samples_per_block() - 1) / samples_per_block(); }
Index NeuronSide::first_row(Index block) const {
  return std::min(block * samples_per_block(), representation_.samples) * representation_.rows_per_sample;
}
Index NeuronSide::block_rows(Index block) const { return first_row(block + 1) - first_row(block); }
Index NeuronSide::fitted_rows(Index block) const {
  return (block_rows(block) / representation_.rows_per_sample + 1) / 2 * representation_.rows_per_sample;
}

template <class T>
void NeuronSide::standardise_row(T const* row, double* out) const {
  auto const count = means_.size();
  double const *means = means_.data(), *scales = scales_.data();
  if (live() == features()) {
    for (std::size_t k = 0; k < count; ++k) out[k] = (static_cast<double>(row[k]) - means[k]) * scales[k];
  } else {
    Index const* const live = moments_.live.data();
    for (std::size_t k = 0; k < count; ++k) out[k] = (static_cast<double>(row[live[k]]) - means[k]) * scales[k];
  }
}

/// Standardises rows as read, the fitted samples first.
template <class T>
void NeuronSide::place(MatrixView<T const> raw, MatrixView<double> out) const {
  Index const per_sample = representation_.rows_per_sample;
  std::array<Index, 2> next = {0, (raw.cols / per_sample + 1) / 2 * per_sample};
  for (Index i = 0; i < raw.cols; ++i)
    standardise_row(raw.column(i), out.column(next[static_cast<std::size_t>(i / per_sample % 2)]++));
}

MatrixView<double> NeuronSide::scratch(Matrix<double>& matrix, Index count) const {
  if (matrix.cols() < count) matrix = Matrix<double>(live(), count);
  return matrix.view().block(0, 0, live(), count);
}

template <class T>
MatrixView<T const> NeuronSide::raw_block(Index block, Matrix<T>& values) {
  auto const rows = values.view().block(0, held_ ? first_row(block) : 0, features(), block_rows(block));
  StoredValues seen;
  if (!held_) read_block(block, rows, seen);
  return rows;
}

MatrixView<double const> NeuronSide::block(Index block) {
  auto const out = scratch(ordered_, block_rows(block));
  std::visit([&](auto& values) { place(raw_block(block, values), out); }, values_);
  return out;
}

MatrixView<double const> NeuronSide::shuffled_block(Index block) {
  Index const count = block_rows(block), begin = first_row(block);
  auto const out = scratch(shuffled_, count);
  if (held_) {
    if (permutation_.empty()) permutation_ = random_order(rows());
    std::visit(
        [&](auto const& values) {
          for (Index i = 0; i < count; ++i)
            standardise_row(values.view().column(permutation_[static_cast<std::size_t>(begin + i)]), out.column(i));
        },
        values_);
    return out;
  }
  Index const whole = blocks() - 1;  // the last one may be shorter and stays
  if (permutation_.empty()) permutation_ = random_order(whole);
  auto const from = this->block(block < whole ? permutation_[static_cast<std::size_t>(block)] : block);
  auto const order = random_order(count);
  for (Index i = 0; i < count; ++i) std::copy_n(from.column(order[static_cast<std::size_t>(i)]), live(), out.column(i));
  return out;
}

std::array<HalfMoments, 2> const& NeuronSide::within() {
  if (within_) return *within_;
  std::array<HalfMoments, 2> halves;
  for (auto& half : halves) {
    half.sum.assign(static_cast<std::size_t>(live()), 0.0);
    half.products = Matrix<double>(live(), live());
  }
  for (Index b = 0; b < blocks(); ++b) {
    auto const all = block(b);
    Index const fitted = fitted_rows(b);
    std::array<MatrixView<double const>, 2> const parts = {all.block(0, 0, live(), fitted),
                                                           all.block(0, fitted, live(), all.cols - fitted)};
    for (std::size_t h = 0; h < 2; ++h) {
      if (parts[h].cols == 0 || live() == 0) continue;
      halves[h].rows += parts[h].cols;
      add_columns(parts[h], halves[h].sum.data());
      syrk_lower(1.0, parts[h], Op::none, 1.0, halves[h].products);
    }
  }
  for (auto& half : halves) mirror_lower(half.products);
  within_ = std::move(halves);
  return *within_;
}

Matrix<double> NeuronSide::correlations() {
  auto const& halves = within();
  Matrix<double> result(live(), live());
  auto const n = static_cast<double>(rows());
  for (Index i = 0; i < result.size(); ++i)
    result.data()[i] = std::clamp((halves[0].products.data()[i] + halves[1].products.data()[i]) / n, -1.0, 1.0);
  return result;
}

double NeuronSide::bytes() const {
  auto const p = static_cast<double>(live());
  double const values =
      std::visit([](auto const& held) { return static_cast<double>(held.size()) * sizeof(*held.data()); }, values_);
  return values + 8 * (static_cast<double>(ordered_.size() + shuffled_.size()) + 2 * p * p);
}

std::array<Matrix<double>, 2> cross_products(NeuronSide& a, NeuronSide& b, std::function<void()> const& poll) {
  std::array<Matrix<double>, 2> sums = {Matrix<double>(a.live(), b.live()), Matrix<double>(a.live(), b.live())};
  for (Index k = 0; k < a.blocks(); ++k) {
    auto const x = a.block(k), y = b.block(k);
    Index const fitted = a.fitted_rows(k), held_out = x.cols - fitted;
    if (fitted > 0)
      gemm(1.0, x.block(0, 0, x.rows, fitted), Op::none, y.block(0, 0, y.rows, fitted), Op::transpose, 1.0, sums[0]);
    if (held_out > 0)
      gemm(1.0, x.block(0, fitted, x.rows, held_out), Op::none, y.block(0, fitted, y.rows, held_out), Op::transpose,
           1.0, sums[1]);
    poll();
  }
  return sums;
}

Matrix<double> shuffled_correlations(NeuronSide& a, NeuronSide& b, std::function<void()> const& poll) {
  Matrix<double> sum(a.live(), b.live());
  for (Index k = 0; k < a.blocks(); ++k) {
    auto const x = a.block(k), y = b.shuffled_block(k);
    gemm(1.0 / static_cast<double>(a.rows()), x, Op::none, y, Op::transpose, 1.0, sum);
    poll();
  }
  for (Index i = 0; i < sum.size(); ++i) sum.data()[i] = std::clamp(sum.data()[i], -1.0, 1.0);
  return sum;
}

Matrix<double> cross_correlations(std::array<Matrix<double>, 2> const& products, Index rows) {
  Matrix<double> result(products[0].rows(), products[0].cols());
  auto const n = static_cast<double>(rows);
  for (Index i = 0; i < result.size(); ++i)
    result.data()[i] = std::clamp((products[0].data()[i] + products[1].data()[i]) / n, -1.0, 1.0);
  return result;
}

}  // namespace confer
