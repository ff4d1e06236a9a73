// LASSO: optimality conditions, duality gap, least squares at lambda = 0, and scikit-learn's objective.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "confer/linalg/dense.hpp"
#include "confer/linalg/lasso.hpp"

namespace confer {
namespace {

/// Samples in rows, centred, and what they are reduced to.
struct Data {
  Data(Matrix<double> predictors, Matrix<double> targets) : x(std::move(predictors)), y(std::move(targets)) {
    centre(x);
    centre(y);
    double const weight = 1.0 / static_cast<double>(x.rows());
    gram = Matrix<double>(x.cols(), x.cols());
    cross = Matrix<double>(x.cols(), y.cols());
    gemm(weight, x, Op::transpose, x, Op::none, 0.0, gram);
    gemm(weight, x, Op::transpose, y, Op::none, 0.0, cross);
    for (Index j = 0; j < y.cols(); ++j) {
      double sum = 0;
      for (double value : y.view().column_span(j)) sum += value * value;
      squares.push_back(weight * sum);
    }
  }
  static void centre(Matrix<double>& a) {
    for (Index j = 0; j < a.cols(); ++j) {
      double sum = 0;
      for (double value : a.view().column_span(j)) sum += value;
      for (double& value : a.view().column_span(j)) value -= sum / static_cast<double>(a.rows());
    }
  }
  LassoStatistics statistics() const { return {gram.view(), cross.view(), squares}; }

  Matrix<double> x, y, gram, cross;
  std::vector<double> squares;
};

/// Rectified mixtures of shared factors: correlated, as neurons are. Predictor 3 is dead, 5 repeats 4.
Data neurons(Index n, Index p, Index q, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  Index const factors = std::max<Index>(p / 2, 1);
  Matrix<double> source(n, factors), mixing(factors, p + q), mixed(n, p + q), x(n, p), y(n, q);
  for (auto* a : {&source, &mixing})
    for (Index i = 0; i < a->size(); ++i) a->data()[i] = normal(generator);
  gemm(1.0, source, Op::none, mixing, Op::none, 0.0, mixed);
  for (Index j = 0; j < p + q; ++j)
    for (Index i = 0; i < n; ++i) {
      double const value =
          std::max(mixed(i, j) / std::sqrt(static_cast<double>(factors)), 0.0) + 0.1 * normal(generator);
      (j < p ? x(i, j) : y(i, j - p)) = value;
    }
  for (Index i = 0; i < n && p > 5; ++i) {
    x(i, 3) = 0;
    x(i, 5) = x(i, 4);
  }
  return {std::move(x), std::move(y)};
}

/// Objective and violation from the samples themselves.
struct Check {
  double objective = 0, kkt = 0;
};
Check check(Data const& data, Index target, double lambda, SparseWeights const& weights) {
  Index const n = data.x.rows(), p = data.x.cols();
  std::vector<double> residual(data.y.view().column_span(target).begin(), data.y.view().column_span(target).end());
  std::vector<double> dense(static_cast<std::size_t>(p));
  Check result;
  for (std::size_t k = 0; k < weights.values.size(); ++k) {
    dense[static_cast<std::size_t>(weights.predictors[k])] = weights.values[k];
    result.objective += lambda * std::abs(weights.values[k]);
    for (Index i = 0; i < n; ++i)
      residual[static_cast<std::size_t>(i)] -= weights.values[k] * data.x(i, weights.predictors[k]);
  }
  for (double r : residual) result.objective += 0.5 * r * r / static_cast<double>(n);
  for (Index j = 0; j < p; ++j) {
    double gradient = 0;
    for (Index i = 0; i < n; ++i)
      gradient += data.x(i, j) * residual[static_cast<std::size_t>(i)] / static_cast<double>(n);
    double const w = dense[static_cast<std::size_t>(j)];
    result.kkt =
        std::max(result.kkt, w == 0 ? std::abs(gradient) - lambda : std::abs(gradient - std::copysign(lambda, w)));
  }
  return result;
}

TEST(Lasso, MeetsOptimalityConditionsAlongThePath) {
  for (auto [n, p] : {std::pair<Index, Index>{400, 60}, {50, 80}, {200, 1}}) {
    auto const data = neurons(n, p, 6, 11);
    auto const statistics = data.statistics();
    for (Index target = 0; target < 6; ++target) {
      double const top = smallest_silent_lambda(statistics, target);
      std::vector<double> const lambdas = {top, 0.9 * top, 0.5 * top, 0.2 * top, 0.05 * top, 0.005 * top, 1.5 * top};
      auto const fits = lasso_path(statistics, target, lambdas);
      for (std::size_t k = 0; k < lambdas.size(); ++k) {
        auto const found = check(data, target, lambdas[k], fits[k].weights);
        EXPECT_TRUE(fits[k].converged) << "n " << n << " lambda " << lambdas[k] / top << " gap " << fits[k].gap
                                       << " kkt " << fits[k].kkt;
        EXPECT_LE(found.kkt, 1e-7);
        EXPECT_NEAR(found.objective, fits[k].objective, 1e-12);
        EXPECT_LE(fits[k].gap, 1e-8 * statistics.target_squares[static_cast<std::size_t>(target)]);
      }
      for (std::size_t k : {0, 6}) {
        EXPECT_TRUE(fits[k].weights.values.empty());
        EXPECT_NEAR(fits[k].objective, 0.5 * data.squares[static_cast<std::size_t>(target)], 1e-15);
      }
      EXPECT_FALSE(fits[1].weights.values.empty());
      for (std::size_t k : {2, 3, 4, 5}) EXPECT_LE(fits[k].objective, fits[k - 1].objective);
    }
  }
}

TEST(Lasso, HasTheObjectiveOfScikitLearn) {
  Index const n = 60, p = 12;
  Matrix<double> x(n, p), y(n, 1);
  for (Index i = 0; i < n; ++i) {
    auto const t = static_cast<double>(i);
    for (Index j = 0; j < p; ++j)
      x(i, j) = std::sin(1.0 + t * static_cast<double>(j + 1) * 0.7) + 0.5 * std::cos(0.3 * t);
    y(i, 0) = std::sin(0.9 * t) + x(i, 2) - 0.5 * x(i, 7) + 0.2 * x(i, 11);
  }
  Data const data(std::move(x), std::move(y));
  // sklearn.linear_model.Lasso(alpha, fit_intercept=False, tol=1e-14) on the centred data.
  std::vector<double> const lambdas = {0.5, 0.1, 0.01, 0.001};
  std::vector<double> const objectives = {0.6590677541342407, 0.3948419281200124, 0.26280182702631205,
                                          0.24350524121284828};
  std::vector<std::size_t> const counts = {1, 3, 7, 10};
  auto const fits = lasso_path(data.statistics(), 0, lambdas);
  for (std::size_t k = 0; k < lambdas.size(); ++k) {
    EXPECT_NEAR(fits[k].objective, objectives[k], 1e-9);
    EXPECT_EQ(fits[k].weights.values.size(), counts[k]);
  }
  EXPECT_NEAR(smallest_silent_lambda(data.statistics(), 0), 0.6788470828868192, 1e-12);
}

TEST(Lasso, WithoutPenaltyIsLeastSquares) {
  auto const data = neurons(300, 20, 3, 5);
  auto const statistics = data.statistics();
  std::vector<double> const lambdas = {0, 0.01};
  auto const paths = lasso_paths(statistics, lambdas);
  ASSERT_EQ(paths.size(), 3U);
  for (Index target = 0; target < 3; ++target) {
    auto const& fit = paths[static_cast<std::size_t>(target)][0];
    EXPECT_TRUE(fit.converged);
    EXPECT_LE(check(data, target, 0, fit.weights).kkt, 1e-12);
    // Of two equal predictors, least norm gives both the same.
    std::vector<double> dense(20);
    for (std::size_t k = 0; k < fit.weights.values.size(); ++k)
      dense[static_cast<std::size_t>(fit.weights.predictors[k])] = fit.weights.values[k];
    EXPECT_NEAR(dense[4], dense[5], 1e-10);
    auto const alone = lasso_path(statistics, target, lambdas);
    EXPECT_EQ(alone[1].weights.values, paths[static_cast<std::size_t>(target)][1].weights.values);
  }
}

TEST(Lasso, ErrorOnHeldOutSamples) {
  auto const all = neurons(400, 30, 2, 8);
  auto const held_out = neurons(300, 30, 2, 9);
  auto const fit = lasso_path(all.statistics(), 1, std::vector<double>{0.02}).front();
  double const error = half_mean_squared_error(held_out.statistics(), 1, fit.weights);
  EXPECT_NEAR(error, check(held_out, 1, 0.0, fit.weights).objective, 1e-12);
}

TEST(Lasso, DeadTargetsAndPredictors) {
  Matrix<double> const none(40, 3);
  auto const live = neurons(40, 8, 1, 2);
  Data const dead_target(live.x, none), dead_predictors(none, live.y);
  for (auto const* data : {&dead_target, &dead_predictors}) {
    auto const fits = lasso_path(data->statistics(), 0, std::vector<double>{0.1, 1e-6, 0});
    for (auto const& fit : fits) {
      EXPECT_TRUE(fit.weights.values.empty() || std::abs(fit.weights.values[0]) < 1e-12);
      EXPECT_TRUE(fit.converged);
    }
  }
}

TEST(Lasso, RejectsImpossiblePenalties) {
  auto const data = neurons(20, 6, 1, 1);
  for (double bad : {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()})
    EXPECT_THROW(lasso_path(data.statistics(), 0, std::vector<double>{bad}), std::invalid_argument);
}

}  // namespace
}  // namespace confer
