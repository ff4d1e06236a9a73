#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "confer/theory/dynamics.hpp"

namespace confer {
namespace {

constexpr double kX = 1.3, kY = 0.5;
constexpr PairRates kRates{0.004 * kX, 0.02};
constexpr PairState kStart{0.3, 0.05, -0.1};

std::vector<double> steps(int count, double spacing = 1.0) {
  std::vector<double> times;
  for (int k = 0; k < count; ++k) times.push_back(spacing * k);
  return times;
}

PairSeries exact_series(int count, double spacing) {
  PairSeries series;
  series.times = steps(count, spacing);
  series.target_distance = kY;
  series.measured = solve_pair(PairOde::two_point, kStart, kRates, kY, series.times);
  return series;
}

// Classical Runge-Kutta with a fixed small step, on the equations as they are written.
PairState brute_force(PairState s, PairRates const& rates, double target, double time, int count, PairOde ode) {
  double const dt = time / count;
  auto const moved = [](PairState const& a, double t, PairState const& d) {
    return PairState{a.h + t * d.h, a.y + t * d.y, a.w + t * d.w};
  };
  for (int i = 0; i < count; ++i) {
    auto const k1 = pair_derivative(ode, s, rates, target);
    auto const k2 = pair_derivative(ode, moved(s, dt / 2, k1), rates, target);
    auto const k3 = pair_derivative(ode, moved(s, dt / 2, k2), rates, target);
    auto const k4 = pair_derivative(ode, moved(s, dt, k3), rates, target);
    s = moved(
        s, dt / 6,
        {k1.h + 2 * k2.h + 2 * k3.h + k4.h, k1.y + 2 * k2.y + 2 * k3.y + k4.y, k1.w + 2 * k2.w + 2 * k3.w + k4.w});
  }
  return s;
}

TEST(PairDynamics, DerivativeFollowsTheFormulas) {
  auto const d = pair_derivative(PairOde::two_point, {0.4, 0.3, -0.2}, {0.6, 0.7}, 0.9);
  EXPECT_NEAR(d.h, 0.6 * 0.2, 1e-14);
  EXPECT_NEAR(d.y, 0.2 * (0.7 * 0.4 + 0.6 * 0.3 / 0.4), 1e-14);
  EXPECT_NEAR(d.w, -0.5 * 0.7 * 0.4 * (-0.6 - 0.3 + 0.9) - 0.5 * 0.6 * (0.3 - 0.2) * -0.2 / 0.4, 1e-14);
}

TEST(PairDynamics, EveryLawAgreesWithRungeKutta) {
  for (PairOde const ode : {PairOde::two_point, PairOde::double_output, PairOde::flipped_sign, PairOde::dropped_term}) {
    std::vector<double> const times = {0, 17.3, 61.0, 140.5};
    auto const curves = solve_pair(ode, kStart, kRates, kY, times);
    for (std::size_t k = 1; k < times.size(); ++k) {
      auto const direct = brute_force(kStart, kRates, kY, times[k], 20000, ode);
      EXPECT_NEAR(curves.h[k], direct.h, 2e-9 * direct.h) << static_cast<int>(ode) << " at " << times[k];
      EXPECT_NEAR(curves.y[k], direct.y, 2e-9);
      EXPECT_NEAR(curves.w[k], direct.w, 2e-9);
    }
  }
}

TEST(PairDynamics, KeepsTheInvariantAndEndsWhereTheClosedFormSays) {
  auto const times = steps(1500);
  auto const curves = solve_pair(PairOde::two_point, kStart, kRates, kY, times);
  double const start = pair_invariant(kStart, kRates);
  for (std::size_t k = 0; k < times.size(); ++k)
    EXPECT_NEAR(pair_invariant({curves.h[k], curves.y[k], curves.w[k]}, kRates), start, 1e-8 * std::abs(start));
  auto const later = solve_pair(PairOde::two_point, kStart, kRates, kY, std::vector<double>{0, 1e6});
  double const h_final = pair_regime(kStart, kRates, kY).h_final;
  EXPECT_NEAR(later.h[1], h_final, 1e-6 * h_final);
  EXPECT_NEAR(later.y[1], kY, 1e-6);
  EXPECT_NEAR(later.w[1], 0, 1e-6);
}

TEST(PairDynamics, TinyAndLazyStartsKeepTheirDigits) {
  // Rich: six decades of growth. Lazy: h moves by 1e-7 of itself.
  struct Case {
    PairState start;
    PairRates rates;
  };
  for (auto const& c : {Case{{1e-6, 1e-7, -1e-4}, {0.05, 0.02}}, Case{{1.0, 0.2, -0.3}, {1e-8, 0.02}}}) {
    std::vector<double> const times = {0, 100, 400};
    auto const curves = solve_pair(PairOde::two_point, c.start, c.rates, kY, times);
    for (std::size_t k = 1; k < 3; ++k) {
      auto const direct = brute_force(c.start, c.rates, kY, times[k], 400000, PairOde::two_point);
      EXPECT_NEAR(curves.h[k], direct.h, 1e-7 * direct.h);
      EXPECT_NEAR(curves.y[k], direct.y, 1e-7 * std::abs(direct.y));
      EXPECT_NEAR(curves.w[k], direct.w, 1e-7 * (std::abs(direct.w) + kY));
    }
  }
}

// Explicit gradient flow of a linear encoder-decoder whose decoder is aligned with the hidden difference:
// dh_vec = E dx, dy_vec = D dh_vec, D = v dh_vec'/|dh_vec|^2; (1/tau) dL/dparam and eta = 1/(2 tau).
TEST(PairDynamics, AgreesWithGradientFlowOfTheLinearisedModel) {
  double const tau_h = 1.0, tau_y = 0.7, dt = 1e-3;
  std::vector<double> const dx = {0.8, -0.5}, dy = {0.6, 0.3};
  double const x2 = 0.8 * 0.8 + 0.5 * 0.5, y2 = 0.6 * 0.6 + 0.3 * 0.3;
  std::vector<std::vector<double>> e = {{0.2, -0.1}, {0.05, 0.3}, {-0.2, 0.1}}, d(2, std::vector<double>(3));
  auto const hidden = [&] {
    std::vector<double> h(3);
    for (std::size_t i = 0; i < 3; ++i) h[i] = e[i][0] * dx[0] + e[i][1] * dx[1];
    return h;
  };
  auto h = hidden();
  double h2 = h[0] * h[0] + h[1] * h[1] + h[2] * h[2];
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t j = 0; j < 3; ++j) d[i][j] = (i == 0 ? 0.2 : -0.1) * h[j] / h2;
  auto const measure = [&] {
    PairState s;
    h = hidden();
    s.h = h[0] * h[0] + h[1] * h[1] + h[2] * h[2];
    double overlap = 0;
    for (std::size_t i = 0; i < 2; ++i) {
      double const out = d[i][0] * h[0] + d[i][1] * h[1] + d[i][2] * h[2];
      s.y += out * out;
      overlap += out * dy[i];
    }
    s.w = s.y - overlap;
    return s;
  };
  PairState const start = measure();
  PairRates const rates{x2 / (2 * tau_h), 1 / (2 * tau_y)};
  double const end = 30.0;
  std::vector<double> times = {0};
  std::vector<PairState> seen = {start};
  for (int step = 1; step <= static_cast<int>(end / dt); ++step) {
    h = hidden();
    // Loss of the difference: |D dh - dy*|^2 / 8, the part of half the mean squared error that depends on differences.
    std::vector<double> error(2);
    for (std::size_t i = 0; i < 2; ++i) error[i] = d[i][0] * h[0] + d[i][1] * h[1] + d[i][2] * h[2] - dy[i];
    auto const d_old = d;
    for (std::size_t i = 0; i < 2; ++i)
      for (std::size_t j = 0; j < 3; ++j) d[i][j] -= dt / tau_y * 0.25 * error[i] * h[j];
    for (std::size_t j = 0; j < 3; ++j) {
      double const back = 0.25 * (d_old[0][j] * error[0] + d_old[1][j] * error[1]);
      for (std::size_t k = 0; k < 2; ++k) e[j][k] -= dt / tau_h * back * dx[k];
    }
    if (step % 100 == 0) {
      times.push_back(step * dt);
      seen.push_back(measure());
    }
  }
  auto const curves = solve_pair(PairOde::two_point, start, rates, y2, times);
  double h_most = 0, y_most = 0, w_most = 0;
  for (auto const& s : seen) {
    h_most = std::max(h_most, s.h);
    y_most = std::max(y_most, s.y);
    w_most = std::max(w_most, std::abs(s.w));
  }
  for (std::size_t k = 0; k < times.size(); ++k) {
    EXPECT_NEAR(curves.h[k], seen[k].h, 2e-3 * h_most);
    EXPECT_NEAR(curves.y[k], seen[k].y, 2e-3 * y_most);
    EXPECT_NEAR(curves.w[k], seen[k].w, 2e-3 * w_most);
  }
}

TEST(PairDynamics, AgreeingPairsFollowTheLogisticCurve) {
  double const ratio = 0.4, rate = 0.05, h0 = 0.5;
  for (double const a_high : {0.8, -0.8, 0.0}) {
    // y0 from a_high = h0 - ratio y0 / h0; equal targets: w = y. For a_high > h0 the output distance is formal only.
    PairState const start{h0, (h0 - a_high) * h0 / ratio, (h0 - a_high) * h0 / ratio};
    auto const times = steps(300, 1.0);
    auto const curves = solve_pair(PairOde::two_point, start, {ratio * rate, rate}, 0.0, times);
    for (std::size_t k = 0; k < times.size(); ++k) {
      double const exact = agreeing_distance(h0, a_high, rate, times[k]);
      EXPECT_NEAR(curves.h[k], exact, 1e-8 * exact) << a_high << " at " << times[k];
    }
    auto const regime = pair_regime(start, {ratio * rate, rate}, 0.0);
    EXPECT_NEAR(regime.h_final, std::max(a_high, 0.0), 1e-15);
    EXPECT_STREQ(regime_name(regime), a_high > 0 ? "lazy" : "merger");
  }
  auto const late =
      solve_pair(PairOde::two_point, {0.5, 1.625, 1.625}, {ratio * rate, rate}, 0.0, std::vector<double>{0, 1e8});
  EXPECT_EQ(late.h[1], 0.0);
}

TEST(PairDynamics, RecoversTheRatesOfACleanTrajectory) {
  auto const fit = fit_pair(exact_series(1500, 1.0));
  EXPECT_NEAR(fit.rates.hidden, kRates.hidden, 1e-6 * kRates.hidden);
  EXPECT_NEAR(fit.rates.output, kRates.output, 1e-6 * kRates.output);
  EXPECT_GT(fit.r2_w, 1 - 1e-9);
  EXPECT_LT(fit.sse, 1e-12);
}

TEST(PairDynamics, TenCheckpointsAreEnough) {
  auto const fit = fit_pair(exact_series(10, 150.0));
  EXPECT_NEAR(fit.rates.hidden, kRates.hidden, 1e-6 * kRates.hidden);
  EXPECT_NEAR(fit.rates.output, kRates.output, 1e-6 * kRates.output);
}

TEST(PairDynamics, RecoversTheRatesUnderNoise) {
  auto series = exact_series(1500, 1.0);
  std::mt19937_64 generator(5);
  std::normal_distribution<double> noise(1.0, 0.01);
  for (std::size_t k = 1; k < series.times.size(); ++k) {
    series.measured.h[k] *= noise(generator);
    series.measured.y[k] *= noise(generator);
    series.measured.w[k] *= noise(generator);
  }
  for (FitObjective const objective : {FitObjective::plain, FitObjective::range_normalised}) {
    PairFitOptions options;
    options.objective = objective;
    auto const fit = fit_pair(series, options);
    EXPECT_NEAR(fit.rates.hidden, kRates.hidden, 0.02 * kRates.hidden);
    EXPECT_NEAR(fit.rates.output, kRates.output, 0.02 * kRates.output);
  }
}

TEST(PairDynamics, RecoversRatesOverManyScales) {
  struct Case {
    PairState start;
    PairRates rates;
    double target, end;
  };
  for (auto const& c :
       {Case{{1e-4, 1e-5, -1e-3}, {2e-3, 5e-3}, 1.0, 3000}, Case{{5.0, 0.3, 0.1}, {2e-4, 1e-4}, 2.0, 1e5},
        Case{{0.02, 0.5, 0.4}, {0.01, 0.3}, 0.7, 500}, Case{{0.5, 1.625, 1.625}, {0.02, 0.05}, 0, 120}}) {
    PairSeries series;
    series.times = steps(100, c.end / 99);
    series.target_distance = c.target;
    series.measured = solve_pair(PairOde::two_point, c.start, c.rates, c.target, series.times);
    auto const fit = fit_pair(series);
    EXPECT_NEAR(fit.rates.hidden, c.rates.hidden, 1e-5 * c.rates.hidden) << c.start.h;
    EXPECT_NEAR(fit.rates.output, c.rates.output, 1e-5 * c.rates.output) << c.start.h;
  }
}

TEST(PairDynamics, WrongEquationsFitWorse) {
  auto series = exact_series(300, 5.0);
  std::mt19937_64 generator(6);
  std::normal_distribution<double> noise(0.0, 0.002);
  for (std::size_t k = 1; k < series.times.size(); ++k) series.measured.h[k] += noise(generator);
  double const truth = fit_pair(series).sse;
  for (PairOde const ode : {PairOde::double_output, PairOde::flipped_sign, PairOde::dropped_term}) {
    PairFitOptions options;
    options.ode = ode;
    EXPECT_GT(fit_pair(series, options).sse, 5 * truth) << static_cast<int>(ode);
  }
}

TEST(PairDynamics, FlagsWhatCannotBeIdentified) {
  PairSeries series;
  series.times = steps(50, 20.0);
  series.target_distance = kY;
  PairState const lazy{3.0, 0.1, -0.1};
  series.measured = solve_pair(PairOde::two_point, lazy, {1e-4, 0.01}, kY, series.times);
  auto const fit = fit_pair(series);
  EXPECT_GT(fit.r2_y, 0.99);
  EXPECT_FALSE(fit.applies);
  EXPECT_STREQ(regime_name(fit.regime), "lazy");
  auto const moving = exact_series(50, 20.0);
  EXPECT_NEAR(pair_regime(kStart, kRates, kY).h_final, 0.511, 0.001);
  EXPECT_TRUE(fit_pair(moving).applies);
  auto flat = moving;
  flat.measured.w.assign(50, 0.0);
  EXPECT_FALSE(fit_pair(flat).applies);
}

TEST(PairDynamics, MeanRateFromTheLoss) {
  auto const series = exact_series(200, 5.0);
  auto const loss = pair_loss(series.measured, series.times, kY, 0.6, 0.013);
  EXPECT_NEAR(loss[0], 0.25 * (1.2 + kStart.w + 0.5 * (kY - kStart.y)), 1e-15);
  auto const fit = fit_mean_rate(series.measured, series.times, kY, 0.6, loss);
  EXPECT_NEAR(fit.rate, 0.013, 1e-7);
  EXPECT_GT(fit.r2, 1 - 1e-12);
  EXPECT_TRUE(std::isnan(fit_mean_rate(series.measured, series.times, kY, 0.0, loss).rate));
}

TEST(PairDynamics, RefusesAPairThatStartsMerged) {
  auto series = exact_series(20, 10.0);
  series.measured.h[0] = 0;
  EXPECT_THROW(fit_pair(series), std::invalid_argument);
}

}  // namespace
}  // namespace confer
