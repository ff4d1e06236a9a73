/// From matrices to pairs, in the plainest way: centre, singular value decomposition, rank cut. Also random matrices
/// and the transformations under which measures may or may not change.
#pragma once

#include <string_view>
#include <vector>

#include "confer/similarity/measure.hpp"
#include "confer/similarity/neurons.hpp"
#include "unit/dense_fixtures.hpp"
#include "unit/kernel_fixtures.hpp"

namespace confer::test {

/// A centred factor and what the pair workspace wants of it.
struct PlainFactor {
  Matrix<double> basis, loadings;
  std::vector<double> values, means, squared_row_norms;
  Index features = 0;
  Index components = 0;

  PairWorkspace::Factor view() const {
    return {basis.const_view(), values, loadings.const_view(), means, squared_row_norms, features, components};
  }
};

/// variance: share that the leading `components` hold. Singular values below 1e-10 of the largest count as zero.
inline PlainFactor factor(Matrix<double> const& data, double variance = 0.99) {
  Matrix<double> const x = centred(data);
  Svd const full = svd(x);
  Index rank = 0;
  while (rank < static_cast<Index>(full.s.size()) && full.s[static_cast<std::size_t>(rank)] > 1e-10 * full.s[0]) ++rank;
  PlainFactor result{Matrix<double>(x.rows(), rank), Matrix<double>(rank, x.cols()), {}, {}, {}, x.cols(), 0};
  double total = 0, kept = 0;
  for (Index k = 0; k < rank; ++k) {
    double const s = full.s[static_cast<std::size_t>(k)];
    result.values.push_back(s);
    total += s * s;
    for (Index i = 0; i < x.rows(); ++i) result.basis(i, k) = full.u(i, k);
    for (Index j = 0; j < x.cols(); ++j) result.loadings(k, j) = s * full.vt(k, j);
  }
  for (double s : result.values) {
    if (kept >= variance * total) break;
    kept += s * s;
    ++result.components;
  }
  for (Index j = 0; j < x.cols(); ++j) result.means.push_back(data(0, j) - x(0, j));
  for (Index i = 0; i < x.rows(); ++i) {
    double norm = 0;
    for (Index j = 0; j < x.cols(); ++j) norm += x(i, j) * x(i, j);
    result.squared_row_norms.push_back(norm);
  }
  return result;
}

constexpr unsigned needs_everything =
    needs_cross | needs_canonical | needs_truncated | needs_nuclear | needs_weights | needs_means | needs_row_norms;

/// Correlations of the neurons that vary.
inline Matrix<double> neuron_correlations(Matrix<double> const& x, Matrix<double> const& y) {
  auto const standardised = [](Matrix<double> const& data) {
    Matrix<double> transposed(data.cols(), data.rows());
    for (Index i = 0; i < data.rows(); ++i)
      for (Index j = 0; j < data.cols(); ++j) transposed(j, i) = data(i, j);
    NeuronMoments const moments = neuron_moments(data.rows(), data.cols(), [&](Index begin, MatrixView<double> out) {
      for (Index i = 0; i < out.cols; ++i)
        std::copy_n(transposed.view().column(begin + i), out.rows, out.column(i));
    });
    Matrix<double> result(data.rows(), static_cast<Index>(moments.live.size()));
    standardise(moments, transposed, result);
    return result;
  };
  Matrix<double> const a = standardised(x), b = standardised(y);
  Matrix<double> correlations(a.cols(), b.cols());
  if (correlations.size() > 0) gemm(1, a.view(), Op::transpose, b.view(), Op::none, 0, correlations);
  return correlations;
}

inline double neuron_score(Measure const& measure, Matrix<double> const& x, Matrix<double> const& y) {
  NeuronPair const pair = pair_neurons(neuron_correlations(x, y), Matching::one_to_one);
  PairStats stats;
  stats.best_correlations = pair.best_of_rows;
  stats.matched_correlations = pair.matched;
  stats.matched_neurons = pair.pairs;
  return measure.score(stats);
}

/// Fitted and judged on different samples, as the engine does it.
inline double held_out_score(Measure const& measure, Matrix<double> const& x, Matrix<double> const& y, Index folds = 5) {
  PlainFactor const fx = factor(x), fy = factor(y);
  std::vector<Index> const fold_of = folds_of_samples(x.rows(), folds);
  std::vector<HeldOutSide> sides_x, sides_y;
  sides_x.reserve(static_cast<std::size_t>(folds));  // what a fold looks at stays where it is
  sides_y.reserve(static_cast<std::size_t>(folds));
  HeldOutStats stats;
  for (Index f = 0; f < folds; ++f) {
    std::vector<double> fit, test;
    for (Index const fold : fold_of) {
      fit.push_back(fold == f ? 0.0 : 1.0);
      test.push_back(fold == f ? 1.0 : 0.0);
    }
    auto const side = [&](PlainFactor const& of) {
      WeightedMoments fitted(of.basis.cols()), held(of.basis.cols());
      fitted.add(of.basis, fit);
      held.add(of.basis, test);
      return held_out_side(fitted, held, of.values, 1e-10 * of.values.front());
    };
    auto const cross = [&](std::vector<double> const& weights) {
      Matrix<double> rows = fx.basis, result(fx.basis.cols(), fy.basis.cols());
      for (Index j = 0; j < rows.cols(); ++j)
        for (Index i = 0; i < rows.rows(); ++i) rows(i, j) *= weights[static_cast<std::size_t>(i)];
      gemm(1, rows.const_view(), Op::transpose, fy.basis.const_view(), Op::none, 0, result.view());
      return result;
    };
    sides_x.push_back(side(fx));
    sides_y.push_back(side(fy));
    Matrix<double> const fit_cross = cross(fit), test_cross = cross(test);
    stats.folds.push_back(held_out_fold(sides_x.back(), sides_y.back(), fit_cross, test_cross));
  }
  return measure.held_out_score(stats);
}

/// Value of a measure with x as row and y as column.
inline double score(Measure const& measure, Matrix<double> const& x, Matrix<double> const& y, double variance = 0.99) {
  if (measure.statistics == StatisticsKind::kernel) return measure.kernel_score(kernel_stats(measure.kernel, x, y));
  if (measure.statistics == StatisticsKind::neurons) return neuron_score(measure, x, y);
  if (measure.statistics == StatisticsKind::held_out) return held_out_score(measure, x, y);
  PlainFactor const fx = factor(x, variance), fy = factor(y, variance);
  return measure.score(PairWorkspace(fx.view(), fy.view(), measure.needs).stats());
}
inline double score(std::string_view name, Matrix<double> const& x, Matrix<double> const& y, double variance = 0.99) {
  return score(*find_measure(name), x, y, variance);
}

}  // namespace confer::test
