#include "run/neuron_side.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "confer/linalg/dense.hpp"
#include "run/activation_matrix.hpp"

namespace confer {

namespace {

constexpr Index rows_of_a_block = 2048;

/// A uniformly random order; the same on every machine.
std::vector<Index> random_order(Index count) {
  std::vector<Index> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), Index{0});
  std::mt19937_64 generator(20160502);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[generator() % i]);
  return order;
}

}  // namespace

NeuronSide::NeuronSide(Catalog const& catalog, Representation const& representation, Index kept_bytes)
    : representation_(representation), reader_(catalog, representation) {
  StoredValues seen;
  Index const per_sample = representation_.rows_per_sample;
  bool const hold = rows() * features() * static_cast<Index>(sizeof(double)) <= kept_bytes;
  Matrix<double> all(hold ? features() : 0, hold ? rows() : 0);
  if (hold) reader_.read(0, representation_.samples, all, seen);
  if (seen.non_finite > 0) throw BadValues{seen};
  auto const read = [&](Index begin, MatrixView<double> out) {
    if (hold) {
      for (Index i = 0; i < out.cols; ++i) std::copy_n(all.view().column(begin + i), out.rows, out.column(i));
      return;
    }
    StoredValues here;
    reader_.read(begin / per_sample, out.cols / per_sample, out, here);
    seen.merge(here);
  };
  moments_ = neuron_moments(rows(), features(), read, per_sample);
  if (seen.non_finite > 0) throw BadValues{seen};
  if (!hold) return;
  Matrix<double> standardised(live(), rows());
  for (Index b = 0; b < blocks(); ++b)
    place(all.view().block(0, first_row(b), features(), block_rows(b)),
          standardised.view().block(0, first_row(b), live(), block_rows(b)));
  held_ = std::move(standardised);
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

/// Standardises rows as read, the fitted samples first.
void NeuronSide::place(MatrixView<double const> raw, MatrixView<double> out) const {
  Index const per_sample = representation_.rows_per_sample;
  std::vector<double> means, scales;
  for (Index k = 0; k < live(); ++k) {
    means.push_back(mean(k));
    scales.push_back(1 / deviation(k));
  }
  std::array<Index, 2> next = {0, (raw.cols / per_sample + 1) / 2 * per_sample};
  for (Index i = 0; i < raw.cols; ++i) {
    double const* row = raw.column(i);
    double* placed = out.column(next[static_cast<std::size_t>(i / per_sample % 2)]++);
    for (std::size_t k = 0; k < means.size(); ++k) placed[k] = (row[moments_.live[k]] - means[k]) * scales[k];
  }
}

MatrixView<double const> NeuronSide::block(Index block) {
  Index const count = block_rows(block);
  if (held_) return held_->const_view().block(0, first_row(block), live(), count);
  if (raw_.cols() < count) {
    raw_ = Matrix<double>(features(), count);
    ordered_ = Matrix<double>(live(), count);
  }
  auto const raw = raw_.view().block(0, 0, features(), count);
  StoredValues seen;
  reader_.read(first_row(block) / representation_.rows_per_sample, count / representation_.rows_per_sample, raw, seen);
  auto const out = ordered_.view().block(0, 0, live(), count);
  place(raw, out);
  return out;
}

MatrixView<double const> NeuronSide::shuffled_block(Index block) {
  Index const count = block_rows(block), begin = first_row(block);
  if (shuffled_.cols() < count) shuffled_ = Matrix<double>(live(), count);
  auto const out = shuffled_.view().block(0, 0, live(), count);
  if (held_) {
    if (permutation_.empty()) permutation_ = random_order(rows());
    for (Index i = 0; i < count; ++i)
      std::copy_n(held_->view().column(permutation_[static_cast<std::size_t>(begin + i)]), live(), out.column(i));
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
      for (Index i = 0; i < parts[h].cols; ++i)
        for (Index k = 0; k < live(); ++k) halves[h].sum[static_cast<std::size_t>(k)] += parts[h](k, i);
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
  return 8 * ((held_ ? p * static_cast<double>(rows()) : 0.0) + 2 * p * p);
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
