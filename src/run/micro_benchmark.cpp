#include "run/micro_benchmark.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "confer/linalg/block_spectra.hpp"
#include "confer/linalg/dense.hpp"
#include "confer/similarity/canonical.hpp"
#include "run/best_seconds.hpp"
#include "run/sample_benchmark.hpp"
#include "run/tile_engine.hpp"

namespace confer {

namespace {

constexpr Index largest_block = 500;  // larger ones are extrapolated

/// Uniform between -scale and scale, by a linear congruential generator: the standard ones take as long as what is
/// measured.
template <class T>
Matrix<T> random_matrix(Index rows, Index cols, double scale) {
  std::uint32_t state = 1;
  Matrix<T> matrix(rows, cols, Uninitialised());
  for (Index i = 0; i < matrix.size(); ++i) {
    state = 1664525 * state + 1013904223;
    matrix.data()[i] = static_cast<T>(scale * (static_cast<double>(state) * 0x1p-31 - 1));
  }
  return matrix;
}

template <class T>
double product_rate(Index rows, Index cols, double budget) {
  Matrix<T> const a = random_matrix<T>(rows, cols, 1), b = random_matrix<T>(rows, cols, 1);
  Matrix<T> c(cols, cols);
  double const seconds = best_seconds(
      budget, [&] { gemm(T{1}, a.const_view(), Op::transpose, b.const_view(), Op::none, T{0}, c.view()); });
  return 2.0 * static_cast<double>(rows * cols * cols) / seconds;
}

/// A block with singular values between 0 and 1, as those of independent data.
Matrix<double> random_block(Index k) { return random_matrix<double>(k, k, 0.8 / std::sqrt(static_cast<double>(k))); }

double spectra_seconds(Index k, bool exact, double budget) {
  Matrix<double> const block = random_block(k);
  if (exact) return best_seconds(budget, [&] { singular_values(block); });
  auto const many = static_cast<std::size_t>(std::clamp<Index>(1024 / k, 8, 64));
  std::vector<ExactBlockView> const blocks(many, {block.data(), k, k, k, nullptr, nullptr});
  Matrix<double> values(k, static_cast<Index>(many));
  std::vector<double*> targets;
  for (std::size_t m = 0; m < many; ++m) targets.push_back(values.view().column(static_cast<Index>(m)));
  return best_seconds(budget, [&] { block_singular_values(blocks, targets); }) / static_cast<double>(many);
}

double weights_seconds(Index k, bool exact, double budget) {
  Matrix<double> const block = random_block(k);
  // Loadings of one neuron: the products with them are counted by the model.
  if (exact) {
    Matrix<double> const loadings(k, 1);
    return best_seconds(budget, [&] { canonical_weights(block, loadings.const_view(), loadings.const_view()); });
  }
  constexpr std::size_t many = 8;  // at least as many share a tile
  Matrix<float> const loadings(k, 1);
  LoadingsOf<float> const visit = [&](auto const& see) { see(loadings.const_view()); };
  std::vector<CanonicalPair<float>> const pairs(many, {block.const_view(), visit, visit});
  return best_seconds(budget, [&] { canonical_weights<float>(pairs, [](std::size_t, CanonicalWeights const&) {}); }) /
         many;
}

/// Statistics of a pair with k directions on both sides, spectra given.
struct SyntheticPair {
  explicit SyntheticPair(Index k) : cross(random_block(k)) {
    for (Index i = 0; i < k; ++i) {
      correlations.push_back(1.0 / (1.0 + 0.1 * static_cast<double>(i)));
      values.push_back(10.0 / (1.0 + static_cast<double>(i)));
    }
    stats.x.rows = 20 * k + 2;
    stats.x.features = k;
    stats.x.singular_values = values;
    stats.x.components = k;
    for (double const s : values) {
      stats.x.total_variance += s * s;
      stats.x.sum_fourth_powers += s * s * s * s;
    }
    stats.x.sum_squared_row_norms = stats.x.sum_fourth_powers;
    stats.y = stats.x;
    stats.cross = cross.const_view();
    stats.canonical_correlations = stats.truncated_correlations = correlations;
    stats.cross_covariance_values = values;
    stats.canonical_weights = stats.canonical_weights_column = values;
    stats.row_norm_product = stats.x.sum_squared_row_norms;
  }

  Matrix<double> cross;
  std::vector<double> correlations, values;
  PairStats stats;
};

double score_seconds(std::vector<Measure const*> const& measures, Index k, double budget) {
  SyntheticPair const pair(k);
  Matrix<double> turned(k, k);
  double sum = 0;
  bool const turn = needs_transposed(measures);
  double const seconds = best_seconds(budget, [&] {
    if (turn)
      for (Index j = 0; j < k; ++j)
        for (Index i = 0; i < k; ++i) turned(j, i) = pair.cross(i, j);
    for (auto const* measure : measures)
      for (int side = 0; side < (measure->symmetric ? 1 : 2); ++side) if (measure->score != nullptr) sum += measure->score(pair.stats);
  });
  return std::isnan(sum) ? seconds : seconds + 1e-7;  // the sum is used, or the loop would be left out
}

double chance_seconds(std::vector<Measure const*> const& measures, Index k, double budget) {
  constexpr double per_value = 3e-8;  // to look up, copy and mark
  SyntheticPair const pair(k);
  double seconds = per_value * static_cast<double>(measures.size() + 1);
  for (auto const* measure : measures)
    if (measure->chance != nullptr)
      seconds +=
          per_value + (measure->chance_by_rank ? 1e-7 : best_seconds(budget, [&] { measure->chance(pair.stats); }));
  return seconds;
}

double copy_rate(Index bytes, double budget) {
  std::vector<char> from(static_cast<std::size_t>(bytes), 1), to(static_cast<std::size_t>(bytes));
  return static_cast<double>(bytes) / best_seconds(budget, [&] { std::copy(from.begin(), from.end(), to.begin()); });
}

double resident_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return 1024.0 * static_cast<double>(usage.ru_maxrss);
}

}  // namespace

MachineRates measure_rates(KernelProfile const& profile, Thoroughness thoroughness) {
  bool const full = thoroughness == Thoroughness::full;
  double const budget = full ? 0.04 : 1e-3;
  MachineRates rates;
  rates.base_memory = resident_bytes();
  std::vector<Measure const*> measures;
  for (auto const* measure : profile.measures)
    if (measure->statistics == StatisticsKind::covariance) measures.push_back(measure);
  unsigned const needs = combined_needs(measures);

  Index const rows = full ? 2048 : 256, cols = full ? 768 : 384;
  rates.sgemm = product_rate<float>(rows, cols, budget);
  rates.dgemm = product_rate<double>(rows, full ? 512 : 256, budget);
  Index const p = full ? 512 : 128;
  Matrix<double> gram = random_matrix<double>(p, p, 1);
  for (Index i = 0; i < p; ++i) gram(i, i) = static_cast<double>(p);
  rates.eigh = best_seconds(budget, [&] { eigh(gram); }) / std::pow(static_cast<double>(p), 3);

  Index const typical = std::clamp<Index>(profile.kept, 4, full ? largest_block : 128);
  std::vector<Index> sizes = full ? std::vector<Index>{2, 10, 20, 50, 100, 200} : std::vector<Index>{2, 16, 48};
  if (!full) std::erase_if(sizes, [&](Index k) { return k > typical; });
  sizes.push_back(typical);
  std::sort(sizes.begin(), sizes.end());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  std::vector<std::pair<double, double>> spectra, weights, scores;
  for (Index const k : sizes) {
    auto const size = static_cast<double>(k);
    if ((needs & (needs_canonical | needs_truncated | needs_nuclear)) != 0)
      spectra.emplace_back(size, spectra_seconds(k, profile.exact, budget));
    if ((needs & needs_weights) != 0) weights.emplace_back(size, weights_seconds(k, profile.exact, budget));
    scores.emplace_back(size, score_seconds(measures, k, budget / 4));
  }
  rates.spectra = SizeCurve(spectra);
  rates.weights = SizeCurve(weights);
  rates.scores = SizeCurve(scores);
  rates.chance = chance_seconds(measures, typical, budget / 10);
  measure_sample_rates(profile, sizes, budget, rates);
  rates.memory_bandwidth = copy_rate(full ? Index{64} << 20 : Index{4} << 20, budget);
  return rates;
}

}  // namespace confer
