#include "run/sample_benchmark.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>

#include "confer/linalg/short_samples.hpp"
#include "confer/linalg/tile_functions.hpp"
#include "confer/similarity/held_out.hpp"
#include "confer/similarity/neurons.hpp"
#include "run/best_seconds.hpp"

namespace confer {

namespace {

constexpr Index largest_fold = 200;  // directions of a fit that is timed

/// Correlations of neurons of networks that share something: those are harder to match than noise.
double matching_seconds(Index p, double budget) {
  std::minstd_rand generator(3);
  std::uniform_real_distribution<double> uniform(-0.3, 0.3);
  Matrix<double> correlations(p, p);
  for (Index j = 0; j < p; ++j)
    for (Index i = 0; i < p; ++i) correlations(i, j) = uniform(generator) + (i % 7 == j % 7 ? 0.4 : 0);
  return best_seconds(budget, [&] { pair_neurons(correlations.const_view(), Matching::one_to_one, {}); });
}

std::vector<double> falling_values(Index k) {
  std::vector<double> values;
  for (Index i = 0; i < k; ++i) values.push_back(10.0 / (1.0 + static_cast<double>(i)));
  return values;
}

/// Of all measures together, for one sample of a pair in both directions.
double neighbour_seconds(std::vector<Measure const*> const& measures, Index k, double budget) {
  constexpr Index samples = 256;
  k = std::min(k, samples - 1);
  std::minstd_rand generator(5);
  std::vector<std::int32_t> lists[2];
  std::vector<double> products(static_cast<std::size_t>(samples * k), 0.5);
  std::vector<std::int32_t> others(static_cast<std::size_t>(samples));
  std::iota(others.begin(), others.end(), 0);
  for (auto& list : lists)
    for (Index i = 0; i < samples; ++i) {
      std::shuffle(others.begin(), others.end(), generator);
      for (Index taken = 0, at = 0; taken < k; ++at) {
        if (others[static_cast<std::size_t>(at)] == i) continue;
        list.push_back(others[static_cast<std::size_t>(at)]);
        ++taken;
      }
    }
  NeighbourStats const forward{samples, k, {lists[0], products}, {lists[1], products}};
  NeighbourStats const backward{samples, k, {lists[1], products}, {lists[0], products}};
  double sum = 0;
  double const seconds = best_seconds(budget, [&] {
    for (auto const* measure : measures) {
      sum += measure->neighbour_score(forward);
      if (!measure->symmetric) sum += measure->neighbour_score(backward);
    }
  });
  return (std::isnan(sum) ? seconds : seconds + 1e-8) / samples;  // the sum is used, or the loop would be left out
}

/// Columns of length one.
Matrix<double> random_rows(Index rows, Index k, std::uint32_t seed) {
  std::minstd_rand generator(seed);
  double const size = std::sqrt(3.0 / static_cast<double>(rows));
  std::uniform_real_distribution<double> uniform(-size, size);
  Matrix<double> basis(rows, k);
  for (Index i = 0; i < basis.size(); ++i) basis.data()[i] = uniform(generator);
  return basis;
}

/// One basis of random rows cut into a part that is fitted on and one that is held out.
HeldOutSide random_side(Index k, std::uint32_t seed) {
  Index const rows = 3 * k + 2;
  Matrix<double> const basis = random_rows(rows, k, seed);
  std::vector<double> const ones(static_cast<std::size_t>(rows), 1.0);
  Index const held = rows / 4;
  WeightedMoments fit(k), test(k);
  test.add(basis.view().block(0, 0, held, k), std::span(ones).first(static_cast<std::size_t>(held)));
  fit.add(basis.view().block(held, 0, rows - held, k), std::span(ones).first(static_cast<std::size_t>(rows - held)));
  return held_out_side(fit, test, falling_values(k), 0);
}

double reweight_seconds(Index k, double budget) {
  Index const rows = 3 * k;
  Matrix<double> const basis = random_rows(rows, k, 13);
  WeightedMoments moments(k);
  moments.add(basis.view(), std::vector<double>(static_cast<std::size_t>(rows), 1.0));
  std::vector<double> const values = falling_values(k);
  return best_seconds(budget, [&] { reweight(moments, values, 0); });
}

/// Of one fold, with all measures in both directions.
double held_out_seconds(std::vector<Measure const*> const& measures, Index k, double budget) {
  HeldOutSide const x = random_side(k, 7), y = random_side(k, 11);
  Matrix<double> cross = random_rows(k, k, 17);  // of full rank: decompositions of others are faster
  for (Index i = 0; i < cross.size(); ++i) cross.data()[i] /= 2;
  double sum = 0;
  double const seconds = best_seconds(budget, [&] {
    HeldOutStats forward, backward;
    forward.folds.push_back(held_out_fold(x, y, cross.const_view(), cross.const_view()));
    backward.folds.push_back(forward.folds.back().transposed(y));
    for (auto const* measure : measures) {
      sum += measure->held_out_score(forward);
      if (!measure->symmetric) sum += measure->held_out_score(backward);
    }
  });
  return std::isnan(sum) ? seconds : seconds + 1e-7;  // the sum is used, or the loop would be left out
}

double kernel_seconds(double budget) {
  constexpr Index side = 128;
  std::vector<float> const norms(static_cast<std::size_t>(side), 1.0f);
  Matrix<float> const products(side, side);
  Matrix<float> tile(side, side);
  return best_seconds(budget,
                      [&] {
                        std::copy_n(products.data(), products.size(), tile.data());
                        distance_tile(tile.view(), {norms, norms}, {norms, norms});
                      }) /
         static_cast<double>(side * side);
}

double short_product_rate(double budget) {
  constexpr Index samples = 256, features = 256;
  std::minstd_rand generator(11);
  std::uniform_real_distribution<float> uniform(-1, 1);
  Matrix<float> values(features, 2 * samples), products(samples, samples);
  for (Index k = 0; k < values.size(); ++k) values.data()[k] = uniform(generator);
  ShortMatrix const codes = shorten(values, 0);
  return 2.0 * samples * samples * features /
         best_seconds(budget, [&] { short_products(codes.view(), 0, samples, products); });
}

}  // namespace

void measure_sample_rates(KernelProfile const& profile, std::vector<Index> const& sizes, double budget,
                          MachineRates& rates) {
  std::vector<Measure const*> lists, folded;
  bool matched = false, kernels = false;
  for (auto const* measure : profile.measures) {
    if (measure->statistics == StatisticsKind::held_out) folded.push_back(measure);
    if (measure->statistics == StatisticsKind::neighbours) lists.push_back(measure);
    matched = matched || (measure->statistics == StatisticsKind::neurons && (measure->needs & needs_matching) != 0);
    kernels = kernels || measure->statistics == StatisticsKind::kernel;
  }
  if (matched) {
    std::vector<std::pair<double, double>> points;
    for (Index const p : {16, 64, 192}) points.emplace_back(p, matching_seconds(p, budget));
    rates.matching = SizeCurve(points);
  }
  if (!lists.empty() || kernels) rates.short_products = short_product_rate(budget);
  if (!lists.empty()) rates.neighbour_sample = neighbour_seconds(lists, profile.neighbours, budget);
  if (kernels) rates.kernel_element = kernel_seconds(budget);
  std::vector<std::pair<double, double>> factors, folds;
  for (Index const k : sizes) {
    if (k > largest_fold) break;
    auto const size = static_cast<double>(k);
    if (!folded.empty() || profile.reweighted) factors.emplace_back(size, reweight_seconds(k, budget));
    if (!folded.empty()) folds.emplace_back(size, held_out_seconds(folded, k, budget));
  }
  if (!factors.empty()) rates.reweight = SizeCurve(factors);
  if (!folds.empty()) rates.held_out = SizeCurve(folds);
}

}  // namespace confer
