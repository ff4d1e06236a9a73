#include "confer/theory/alignment.hpp"

#include <algorithm>
#include <boost/math/distributions/beta.hpp>
#include <cmath>
#include <limits>

#include "confer/linalg/dense.hpp"

namespace confer {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr Index kGridPoints = 62;

std::vector<double> even_grid(double last) {
  std::vector<double> grid(static_cast<std::size_t>(kGridPoints));
  for (Index i = 0; i < kGridPoints; ++i)
    grid[static_cast<std::size_t>(i)] = last * static_cast<double>(i) / static_cast<double>(kGridPoints - 1);
  return grid;
}

double sum(std::span<double const> values) {
  double total = 0;
  for (double const value : values) total += value;
  return total;
}

}  // namespace

RightFactor uncentred_factor(MatrixView<double const> loadings, std::span<double const> mean, Index samples,
                             double cut) {
  Index const rank = loadings.rows, features = loadings.cols;
  Matrix<double> stacked(rank + 1, features);
  double const weight = std::sqrt(static_cast<double>(samples));
  for (Index j = 0; j < features; ++j) {
    std::copy_n(loadings.column(j), rank, stacked.view().column(j));
    stacked(rank, j) = weight * mean[static_cast<std::size_t>(j)];
  }
  Svd const decomposition = svd(stacked);
  RightFactor factor;
  for (double const s : decomposition.s)
    if (s > cut && s > 0) factor.singular_values.push_back(s);
  auto const kept = static_cast<Index>(factor.singular_values.size());
  factor.loadings = Matrix<double>(kept, features);
  for (Index j = 0; j < features; ++j)
    for (Index i = 0; i < kept; ++i)
      factor.loadings(i, j) = factor.singular_values[static_cast<std::size_t>(i)] * decomposition.vt(i, j);
  return factor;
}

Matrix<double> coefficients_from_loadings(std::span<double const> singular_values, MatrixView<double const> loadings,
                                          MatrixView<double const> cross) {
  Matrix<double> result(loadings.rows, cross.cols);
  gemm(1.0, loadings, Op::none, cross, Op::none, 0.0, result.view());
  for (Index c = 0; c < result.cols(); ++c)
    for (Index i = 0; i < result.rows(); ++i) {
      double const s = singular_values[static_cast<std::size_t>(i)];
      result(i, c) /= s * s;
    }
  return result;
}

Matrix<double> coefficients_from_basis(MatrixView<double const> basis, MatrixView<double const> targets) {
  Matrix<double> result(basis.cols, targets.cols);
  gemm(1.0, basis, Op::transpose, targets, Op::none, 0.0, result.view());
  return result;
}

std::vector<double> projections(MatrixView<double const> coefficients) {
  std::vector<double> result(static_cast<std::size_t>(coefficients.rows), 0.0);
  for (Index c = 0; c < coefficients.cols; ++c)
    for (Index i = 0; i < coefficients.rows; ++i)
      result[static_cast<std::size_t>(i)] += coefficients(i, c) * coefficients(i, c);
  return result;
}

std::vector<double> alignment_curve(std::span<double const> singular_values, std::span<double const> projections,
                                    double total, std::span<double const> thresholds) {
  std::vector<double> cumulative(projections.size() + 1, 0.0);
  for (std::size_t i = 0; i < projections.size(); ++i) cumulative[i + 1] = cumulative[i] + projections[i];
  std::vector<double> curve;
  curve.reserve(thresholds.size());
  for (double const threshold : thresholds) {
    if (threshold <= 0) {
      curve.push_back(total);
      continue;
    }
    auto const first_below =
        std::partition_point(singular_values.begin(), singular_values.end(), [&](double s) { return s >= threshold; });
    curve.push_back(cumulative[static_cast<std::size_t>(first_below - singular_values.begin())]);
  }
  return curve;
}

std::vector<double> demo_thresholds() { return even_grid(30.0); }

std::vector<double> relative_thresholds() { return even_grid(1.0); }

MassSummary summarise_mass(std::span<double const> projections, double total) {
  MassSummary summary;
  if (!(total > 0)) {
    summary.mass.assign(projections.size(), kNaN);
    summary.area = summary.residual = kNaN;
    return summary;
  }
  double cumulative = 0;
  for (double const p : projections) {
    cumulative += p;
    // The targets lie in a space of finite dimension: beyond 1 is rounding only.
    double const share = std::min(1.0, cumulative / total);
    summary.mass.push_back(share);
    auto const k = static_cast<Index>(summary.mass.size());
    if (summary.k50 < 0 && share >= 0.5) summary.k50 = k;
    if (summary.k90 < 0 && share >= 0.9) summary.k90 = k;
  }
  summary.residual = summary.mass.empty() ? 1.0 : 1.0 - summary.mass.back();
  summary.area = summary.mass.empty() ? 0.0 : sum(summary.mass) / static_cast<double>(summary.mass.size());
  return summary;
}

ShuffledTargets shuffled_targets(MatrixView<double const> targets) {
  ShuffledTargets result;
  result.samples = targets.rows;
  double const total = squared_norm(targets);
  if (targets.rows == 0 || !(total > 0)) return result;
  Matrix<double> centred(targets.rows, targets.cols);
  for (Index c = 0; c < targets.cols; ++c) std::copy_n(targets.column(c), targets.rows, centred.view().column(c));
  centre_columns(centred);
  double const varying = squared_norm(centred);
  result.mean_share = std::clamp(1.0 - varying / total, 0.0, 1.0);
  if (result.mean_share < 1e-13) result.mean_share = 0;
  if (!(varying > 0)) return result;
  Matrix<double> gram(targets.cols, targets.cols);
  syrk_lower(1.0, centred, Op::transpose, 0.0, gram);
  mirror_lower(gram);
  result.concentration = squared_norm(gram) / (varying * varying);
  return result;
}

MassBand shuffled_band(ShuffledTargets const& targets, Index k, double constant_mass) {
  // The first k directions span k - constant_mass dimensions orthogonal to the constant.
  double const spanned = static_cast<double>(k) - constant_mass;
  return shuffled_band(targets, spanned, spanned, constant_mass);
}

MassBand shuffled_band(ShuffledTargets const& targets, double trace, double trace_of_square, double constant_mass) {
  // y = mean part + varying part. The varying part is, to second order, a random direction in the d = n - 1 dimensions
  // orthogonal to the constant.
  double const d = static_cast<double>(targets.samples - 1);
  double const fixed = targets.mean_share * constant_mass, varying = 1.0 - targets.mean_share;
  if (d < 1 || trace >= d) return {fixed + varying, fixed + varying, fixed + varying};
  double const mean = trace / d;
  MassBand band{fixed + varying * mean, fixed + varying * mean, fixed + varying * mean};
  // For a symmetric P and W = centred Y Y' in random directions, tr W = 1:
  // var tr(P W) = 2 (tr P^2 - (tr P)^2 / d) (tr W^2 - 1/d) / ((d - 1) (d + 2)). A Beta law of size alpha + beta has
  // variance mean (1 - mean) / (size + 1); for one output and a projection P the size is d / 2, the exact law.
  double const spread = targets.concentration - 1.0 / d, unequal = trace_of_square - trace * mean;
  if (spread <= 1e-12 || trace <= 0 || unequal <= 0 || d < 2) return band;
  double const size = mean * (1 - mean) * (d - 1) * (d + 2) / (2 * unequal * spread) - 1;
  if (size <= 0) return band;
  // In long double, which is the library's choice, it takes three times longer.
  using Plain = boost::math::policies::policy<boost::math::policies::promote_double<false>>;
  boost::math::beta_distribution<double, Plain> const law(size * mean, size * (1 - mean));
  band.low = fixed + varying * boost::math::quantile(law, 0.025);
  band.high = fixed + varying * boost::math::quantile(law, 0.975);
  return band;
}

namespace {

// Along direction i the error of gradient descent from zero shrinks by 1 - s_i^2/s_1^2 per step:
// |Phi w_t - Y|^2 = sum_i (1 - s_i^2/s_1^2)^(2t) p_i + (total - sum_i p_i).
double loss_after(std::span<double const> s, std::span<double const> p, double outside, double steps) {
  double loss = outside;
  for (std::size_t i = 0; i < s.size(); ++i) {
    double const rate = (s[i] / s[0]) * (s[i] / s[0]);
    if (steps == 0)
      loss += p[i];
    else if (rate < 1)
      loss += p[i] * std::exp(2 * steps * std::log1p(-rate));
  }
  return loss;
}

double outside_mass(std::span<double const> p, double total) { return std::max(0.0, total - sum(p)); }

}  // namespace

std::vector<double> learning_curve(std::span<double const> singular_values, std::span<double const> projections,
                                   double total, std::span<Index const> steps) {
  double const outside = outside_mass(projections, total);
  std::vector<double> losses;
  losses.reserve(steps.size());
  for (Index const t : steps)
    losses.push_back(loss_after(singular_values, projections, outside, static_cast<double>(t)));
  return losses;
}

Index steps_to_share(std::span<double const> singular_values, std::span<double const> projections, double total,
                     double share) {
  // The slack is the rounding of the sums: without it a goal that is met exactly would be missed.
  double const outside = outside_mass(projections, total), goal = share * total * (1 + 1e-12);
  auto const reached = [&](Index t) {
    return loss_after(singular_values, projections, outside, static_cast<double>(t)) <= goal;
  };
  if (reached(0)) return 0;
  constexpr Index last = Index{1} << 52;
  if (singular_values.empty() || !reached(last)) return -1;
  Index before = 0, after = 1;
  while (!reached(after)) {
    before = after;
    after *= 2;
  }
  while (after - before > 1) {
    Index const middle = before + (after - before) / 2;
    (reached(middle) ? after : before) = middle;
  }
  return after;
}

double minimum_norm(std::span<double const> singular_values, std::span<double const> projections) {
  double square = 0;
  for (std::size_t i = 0; i < singular_values.size(); ++i)
    square += projections[i] / (singular_values[i] * singular_values[i]);
  return std::sqrt(square);
}

LabelTargets label_targets(std::span<Index const> labels) {
  LabelTargets targets;
  targets.classes.assign(labels.begin(), labels.end());
  std::sort(targets.classes.begin(), targets.classes.end());
  targets.classes.erase(std::unique(targets.classes.begin(), targets.classes.end()), targets.classes.end());
  auto const n = static_cast<Index>(labels.size()), classes = static_cast<Index>(targets.classes.size());
  bool const binary = classes == 2;
  targets.values = Matrix<double>(n, binary ? 1 : classes);
  for (Index i = 0; i < n; ++i) {
    auto const place =
        std::lower_bound(targets.classes.begin(), targets.classes.end(), labels[static_cast<std::size_t>(i)]);
    Index const c = place - targets.classes.begin();
    if (binary)
      targets.values(i, 0) = c == 0 ? -1.0 : 1.0;
    else
      targets.values(i, c) = 1.0;
  }
  return targets;
}

void centre_columns(MatrixView<double> targets) {
  for (Index c = 0; c < targets.cols; ++c) {
    auto const column = targets.column_span(c);
    // Twice: the second pass takes away the rounding error of the first mean.
    for (int pass = 0; pass < 2; ++pass) {
      double const mean = sum(column) / static_cast<double>(targets.rows);
      for (double& value : column) value -= mean;
    }
  }
}

void demo_preprocess(MatrixView<double const> block, MatrixView<double> out) {
  for (Index j = 0; j < block.cols; ++j) {
    double square = 1.0;
    for (double const value : block.column_span(j)) square += value * value;
    double const scale = 1.0 / std::sqrt(square);
    for (Index i = 0; i < block.rows; ++i) out(i, j) = scale * block(i, j);
    out(block.rows, j) = scale;
  }
}

}  // namespace confer
