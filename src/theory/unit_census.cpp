#include "confer/theory/unit_census.hpp"

#include <algorithm>
#include <boost/math/special_functions/digamma.hpp>
#include <cmath>
#include <limits>
#include <numbers>

namespace confer {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kClearGap = 1.0;  // nats; entropies of units of one kind spread by less

struct Moments {
  double mean = 0, variance = 0;
};

Moments moments(std::span<double const> values) {
  Moments result;
  auto const n = static_cast<double>(values.size());
  for (double const value : values) result.mean += value / n;
  for (double const value : values) result.variance += (value - result.mean) * (value - result.mean) / n;
  return result;
}

// E[ln of an m-spacing] of n uniform values is psi(m) - psi(n + 1).
double spacing_bias(double n, double m) { return boost::math::digamma(m) - boost::math::digamma(n + 1); }

}  // namespace

double vasicek_entropy(std::span<double const> values) {
  auto const n = static_cast<Index>(values.size());
  if (n < 3) return kNaN;
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  auto const window = std::clamp<Index>(std::llround(std::cbrt(static_cast<double>(n))), 1, (n - 1) / 2);
  double sum = 0;
  for (Index i = 0; i < n; ++i) {
    Index const low = std::max<Index>(i - window, 0), high = std::min(i + window, n - 1);
    double const spacing = sorted[static_cast<std::size_t>(high)] - sorted[static_cast<std::size_t>(low)];
    if (!(spacing > 0)) return -std::numeric_limits<double>::infinity();
    // Each spacing spans its own number of values; its expected logarithm is exact for any locally flat density.
    sum += std::log(spacing) - spacing_bias(static_cast<double>(n), static_cast<double>(high - low));
  }
  return sum / static_cast<double>(n);
}

double gaussian_entropy(double variance) { return 0.5 * std::log(2 * std::numbers::pi * std::numbers::e * variance); }

char const* to_string(UnitKind kind) {
  switch (kind) {
    case UnitKind::active:
      return "active";
    case UnitKind::passive:
      return "passive";
    case UnitKind::mixed:
      break;
  }
  return "mixed";
}

UnitKind classify_by_variance(std::span<double const> variances) {
  auto const [mean, variance] = moments(variances);
  if (variance < 0.1 && mean >= 0.9 && mean <= 1.1) return UnitKind::passive;
  if (variance < 0.1 && mean <= 0.1) return UnitKind::active;
  return UnitKind::mixed;
}

std::vector<UnitCensus> unit_census(MatrixView<double const> means, MatrixView<double const> log_variances) {
  std::vector<UnitCensus> units(static_cast<std::size_t>(means.cols));
  for (Index j = 0; j < means.cols; ++j) {
    auto& unit = units[static_cast<std::size_t>(j)];
    auto const column = means.column_span(j);
    auto const [mean, variance] = moments(column);
    unit.mean = mean;
    unit.variance = variance;
    unit.entropy = vasicek_entropy(column);
    unit.entropy_bound = gaussian_entropy(variance);
    unit.divergence = kNaN;
    if (log_variances.cols == 0) continue;
    std::vector<double> v;
    unit.divergence = 0;
    for (Index i = 0; i < means.rows; ++i) {
      double const log_v = log_variances(i, j), mu = means(i, j);
      v.push_back(std::exp(log_v));
      unit.divergence += 0.5 * (mu * mu + v.back() - 1 - log_v) / static_cast<double>(means.rows);
    }
    unit.kind = classify_by_variance(v);
  }
  std::vector<double> entropies;
  for (auto const& unit : units)
    if (std::isfinite(unit.entropy)) entropies.push_back(unit.entropy);
  std::sort(entropies.begin(), entropies.end());
  double gap = 0, border = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 1; i < entropies.size(); ++i) {
    if (!(entropies[i] - entropies[i - 1] > gap)) continue;
    gap = entropies[i] - entropies[i - 1];
    border = entropies[i];
  }
  // A unit that (almost) never varies lies below any gap and makes none.
  if (gap < kClearGap) border = std::numeric_limits<double>::lowest();
  for (auto& unit : units) unit.low_entropy = unit.entropy < border;
  return units;
}

}  // namespace confer
