#include <algorithm>
#include <cmath>

#include "confer/linalg/lasso.hpp"
#include "run/match_parts.hpp"

namespace confer {

namespace {

constexpr Index targets_at_once = 64;  // so that other ranks are served meanwhile

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// Means and standard deviations of the fitted samples, which scale the held-out ones too.
struct Scale {
  std::vector<double> mean, inverse;  ///< 0 for a neuron that does not vary over the fitted samples
};

Scale scale_of(HalfMoments const& fitted) {
  Scale scale;
  auto const n = static_cast<double>(fitted.rows);
  for (Index k = 0; k < fitted.products.rows(); ++k) {
    double const mean = fitted.sum[at(k)] / n;
    double const variance = fitted.products(k, k) / n - mean * mean;
    scale.mean.push_back(mean);
    bool const varies = variance > 1e-12 * (1 + mean * mean);  // more than rounding of the sums
    scale.inverse.push_back(varies ? 1 / std::sqrt(variance) : 0.0);
  }
  return scale;
}

/// Mean products about the means of the fitted samples, in units of their deviations.
Matrix<double> about(MatrixView<double const> products, HalfMoments const& x, HalfMoments const& y, Scale const& sx,
                     Scale const& sy) {
  Matrix<double> result(products.rows, products.cols);
  auto const n = static_cast<double>(x.rows);
  for (Index j = 0; j < products.cols; ++j)
    for (Index i = 0; i < products.rows; ++i) {
      double const mx = sx.mean[at(i)], my = sy.mean[at(j)];
      double const value = products(i, j) - mx * y.sum[at(j)] - my * x.sum[at(i)] + n * mx * my;
      result(i, j) = value / n * sx.inverse[at(i)] * sy.inverse[at(j)];
    }
  return result;
}

Matrix<double> transposed(MatrixView<double const> a) {
  Matrix<double> result(a.cols, a.rows);
  for (Index j = 0; j < a.cols; ++j)
    for (Index i = 0; i < a.rows; ++i) result(j, i) = a(i, j);
  return result;
}

/// Second moments of predictors and targets over one half.
struct Half {
  Matrix<double> gram, cross;
  std::vector<double> squares;

  Half(NeuronSide& predictors, NeuronSide& targets, MatrixView<double const> products, std::size_t half) {
    auto const &x = predictors.within(), &y = targets.within();
    Scale const sx = scale_of(x[0]), sy = scale_of(y[0]);
    gram = about(x[half].products, x[half], x[half], sx, sx);
    cross = about(products, x[half], y[half], sx, sy);
    auto const n = static_cast<double>(y[half].rows);
    for (Index j = 0; j < targets.live(); ++j) {
      double const m = sy.mean[at(j)], s = sy.inverse[at(j)];
      squares.push_back((y[half].products(j, j) - 2 * m * y[half].sum[at(j)] + n * m * m) / n * s * s);
    }
  }
  LassoStatistics statistics() const { return {gram, cross, squares}; }
};

void predict(std::vector<double> const& penalties, NeuronSide& predictors, NeuronSide& targets, Half const& fitted,
             Half const& held_out, Index features, MatchedNeurons& result, std::function<void()> const& poll) {
  std::size_t const count = penalties.size();
  result.error_fitted.assign(count, kNoValue);
  result.error_held_out = result.weights = result.worst_kkt = result.worst_gap = result.error_fitted;
  result.neuron_error.assign(count * at(features), kNoValue);
  result.neuron_weights = result.neuron_error;
  std::vector<double> fit(count, 0), test(count, 0), weights(count, 0), kkt(count, 0), gap(count, 0);
  Index known = 0;
  for (Index begin = 0; begin < targets.live(); begin += targets_at_once) {
    Index const number = std::min(targets_at_once, targets.live() - begin);
    LassoStatistics part = fitted.statistics();
    part.cross = fitted.cross.view().block(0, begin, fitted.cross.rows(), number);
    part.target_squares = part.target_squares.subspan(at(begin), at(number));
    auto const paths = lasso_paths(part, penalties);
    for (Index j = 0; j < number; ++j) {
      if (fitted.squares[at(begin + j)] == 0) continue;  // it varies over the held-out samples only
      ++known;
      auto const neuron = at(targets.live_neurons()[at(begin + j)]);
      for (std::size_t k = 0; k < count; ++k) {
        LassoFit const& found = paths[at(j)][k];
        double const error = half_mean_squared_error(held_out.statistics(), begin + j, found.weights);
        auto const used = static_cast<double>(found.weights.predictors.size());
        fit[k] += half_mean_squared_error(part, j, found.weights);
        test[k] += error;
        weights[k] += used;
        kkt[k] = std::max(kkt[k], found.kkt);
        gap[k] = std::max(gap[k], found.gap);
        result.neuron_error[k * at(features) + neuron] = error;
        result.neuron_weights[k * at(features) + neuron] = used;
      }
    }
    poll();
  }
  if (known == 0 || predictors.live() == 0) return;
  for (std::size_t k = 0; k < count; ++k) {
    result.error_fitted[k] = fit[k] / static_cast<double>(known);
    result.error_held_out[k] = test[k] / static_cast<double>(known);
    result.weights[k] = weights[k] / static_cast<double>(known);
    result.worst_kkt[k] = kkt[k];
    result.worst_gap[k] = gap[k];
  }
}

}  // namespace

void add_sparse_prediction(MatchOptions const& options, PairProducts const& pair, MatchedPair& result,
                           std::function<void()> const& poll) {
  if (pair.a.within()[1].rows == 0) return;  // a single sample cannot be held out
  {
    Half const fitted(pair.b, pair.a, transposed(pair.cross[0]), 0),
        held_out(pair.b, pair.a, transposed(pair.cross[1]), 1);
    predict(options.penalties, pair.b, pair.a, fitted, held_out, pair.features_a, result.sides[0], poll);
  }
  Half const fitted(pair.a, pair.b, pair.cross[0], 0), held_out(pair.a, pair.b, pair.cross[1], 1);
  predict(options.penalties, pair.a, pair.b, fitted, held_out, pair.features_b, result.sides[1], poll);
}

}  // namespace confer
