/// Moments of similarity measures when nothing relates the two sides.
///
/// Two models of "nothing". Relabelling: the samples of one side are permuted at random; moments that hold for every
/// data set under it are called exact below. Rotation: the centred samples of one side are rotated at random in their
/// N = n - 1 dimensions; it has the mean of relabelling and replaces fourth moments of the data by Gaussian ones.
#include "confer/similarity/chance.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace confer {

namespace {

double square(double value) { return value * value; }

/// The random part of the spectrum: `count` correlations sqrt(K^2 |1 + q e^{it}|^2) that fill [K (1 - q), K (1 + q)].
/// For a <= b the edges sqrt(b (1 - a)) -+ sqrt(a (1 - b)) of Wachter's law give K and q at once.
struct Bulk {
  double share_small, share_large;  // a <= b
  double scale, ratio;              // K, q in [0, 1]
};

Bulk bulk_of(Index degrees_of_freedom, Index rank_x, Index rank_y) {
  double const n = static_cast<double>(degrees_of_freedom);
  double const a = static_cast<double>(std::min(rank_x, rank_y)) / n;
  double const b = static_cast<double>(std::max(rank_x, rank_y)) / n;
  double const scale = std::sqrt(b * (1 - a));
  return {a, b, scale, scale > 0 ? std::min(1.0, std::sqrt(a * (1 - b)) / scale) : 0};
}

/// A node of the double-exponential rule over t in [0, pi], which keeps its accuracy when the integrand has a pole near
/// an end.
struct QuadraturePoint {
  double weight, sine, cosine;  // of half the angle t
};

std::vector<QuadraturePoint> const& quadrature() {
  static std::vector<QuadraturePoint> const points = [] {
    constexpr int half_points = 24;  // right to 1e-7 when an edge nearly touches 1, far better elsewhere
    constexpr double step = 3.0 / half_points;
    std::vector<QuadraturePoint> list;
    for (int k = -half_points; k <= half_points; ++k) {
      double const u = k * step, v = std::numbers::pi / 2 * std::sinh(u);
      double const weight = step * std::numbers::pi / 2 * std::cosh(u) / square(std::cosh(v));
      double const t = std::numbers::pi / (1 + std::exp(-2 * v));        // pi/2 (1 + tanh v)
      double const from_end = std::numbers::pi / (1 + std::exp(2 * v));  // pi - t, without cancellation
      list.push_back({weight, std::sin(t / 2), std::sin(from_end / 2)});
    }
    return list;
  }();
  return points;
}

/// Integral of sqrt(l) against the continuous part of Wachter's law,
/// f(l) = sqrt((l+ - l)(l - l-)) / (2 pi a l (1 - l)), with l = l- + (l+ - l-) cos^2(t/2). An edge that touches 0 or 1
/// puts a pole of the integrand near an end of t.
double bulk_mean(Bulk const& bulk) {
  double const low = square(bulk.scale * (1 - bulk.ratio)), high = square(bulk.scale * (1 + bulk.ratio));
  double const width = high - low;
  if (width <= 0) return 0;
  double total = 0;
  for (auto const& [weight, sine, cosine] : quadrature()) {
    double const l = low + width * square(cosine);
    double const complement = (1 - high) + width * square(sine);
    if (l <= 0 || complement <= 0) continue;  // the integrand vanishes at an edge on 0 or 1
    total += weight * square(width * sine * cosine) / (std::sqrt(l) * complement);
  }
  return total * (std::numbers::pi / 2) / (2 * std::numbers::pi * bulk.share_small);
}

/// |1 + q e^{it}| = m + sum_k c_k cos(kt): returns m and sum_k k c_k^2, from the binomial series of (1 + z)^(1/2).
struct CosineSeries {
  double mean, weighted_squares;
};

CosineSeries cosine_series(double ratio) {
  constexpr std::size_t most_terms = 64;  // at ratio 1 the variance is then right to 1e-4
  std::vector<double> b = {1.0};
  for (std::size_t j = 1; j < most_terms && std::abs(b.back()) > 1e-8; ++j)
    b.push_back(b.back() * (1.5 - static_cast<double>(j)) / static_cast<double>(j) * ratio);
  CosineSeries series{0, 0};
  for (double value : b) series.mean += value * value;
  for (std::size_t k = 1; k < b.size(); ++k) {
    double c = 0;
    for (std::size_t j = 0; j + k < b.size(); ++j) c += 2 * b[j] * b[j + k];
    series.weighted_squares += static_cast<double>(k) * c * c;
  }
  return series;
}

/// Variance of tr(K L) under rotation, K and L symmetric on N dimensions, from their traces and squared norms.
double rotation_variance(double n, double trace_k, double squares_k, double trace_l, double squares_l) {
  double const k = std::max(0.0, squares_k - square(trace_k) / n), l = std::max(0.0, squares_l - square(trace_l) / n);
  return n > 1 ? 2 * k * l / ((n - 1) * (n + 2)) : 0;
}

}  // namespace

Index forced_ones(Index degrees_of_freedom, Index rank_x, Index rank_y) {
  return std::max<Index>(0, rank_x + rank_y - degrees_of_freedom);
}

WachterLaw wachter(Index degrees_of_freedom, Index rank_x, Index rank_y) {
  Bulk const bulk = bulk_of(degrees_of_freedom, rank_x, rank_y);
  Index const ones = forced_ones(degrees_of_freedom, rank_x, rank_y);
  double const share = static_cast<double>(ones) / static_cast<double>(std::min(rank_x, rank_y));
  return {bulk_mean(bulk) + share, wachter_edge(degrees_of_freedom, rank_x, rank_y), share};
}

double wachter_edge(Index degrees_of_freedom, Index rank_x, Index rank_y) {
  if (forced_ones(degrees_of_freedom, rank_x, rank_y) > 0) return 1;
  Bulk const bulk = bulk_of(degrees_of_freedom, rank_x, rank_y);
  return bulk.scale * (1 + bulk.ratio);
}

double participation_ratio(Side const& side) { return square(side.total_variance) / side.sum_fourth_powers; }

/// Sum of correlations as a linear statistic of the Jacobi ensemble (real case). Mean: Wachter's law and, to order
/// one, (f(l-) + f(l+))/4 less half the mean of f under the arcsine law between the edges, here K/2 (1 - m). Variance:
/// 1/2 sum_k k f_k^2 with f_k the cosine coefficients between the edges; for f = l it is the exact variance below up
/// to a factor 1 + O(1/N). Against simulation the deviation is right to 5 % from rank 1 on. With rank 1 on one side
/// the squared correlation is a Beta variable and the moments are exact.
ChanceLevel chance_mean_correlation(Index degrees_of_freedom, Index rank_x, Index rank_y) {
  double const small = static_cast<double>(std::min(rank_x, rank_y));
  Bulk const bulk = bulk_of(degrees_of_freedom, rank_x, rank_y);
  if (bulk.share_large >= 1) return {1, 0};
  if (small == 1) {
    double const n = static_cast<double>(degrees_of_freedom), q = n * bulk.share_large;
    double const mean =
        std::exp(std::lgamma((q + 1) / 2) + std::lgamma(n / 2) - std::lgamma(q / 2) - std::lgamma((n + 1) / 2));
    return {mean, std::sqrt(std::max(0.0, bulk.share_large - mean * mean))};
  }
  CosineSeries const series = cosine_series(bulk.ratio);
  double const correction = bulk.scale * (1 - series.mean) / 2;
  return {wachter(degrees_of_freedom, rank_x, rank_y).mean_correlation,
          bulk.scale * std::sqrt(series.weighted_squares / 2) / small, correction / small};
}

/// The variates of unrelated data are a random basis of the row's space, whatever their correlations: the mean is that
/// of equal weights. Unequal weights of squared coefficient of variation v add v/m times the spread of the
/// correlations; v is that of |S u| for u uniform on the sphere, (rank/PR - 1) / (2 (rank + 2)). In simulation the
/// deviation is right to 7 % for correlated neurons and too large, so z too small, for nearly uncorrelated ones.
ChanceLevel chance_weighted_correlation(Side const& x, Side const& y) {
  Index const n = x.rows - 1, small = std::min(x.rank(), y.rank());
  auto const [mean, deviation, shift] = chance_mean_correlation(n, x.rank(), y.rank());
  double const rank = static_cast<double>(x.rank());
  double const variation = std::max(0.0, rank / participation_ratio(x) - 1) / (2 * (rank + 2));
  double const mean_square = static_cast<double>(std::max(x.rank(), y.rank())) / static_cast<double>(n);
  double const spread = std::max(0.0, mean_square - square(mean + shift) - square(deviation));
  return {mean, std::sqrt(square(deviation) + variation / static_cast<double>(small) * spread), shift};
}

/// sum rho^2 = tr(P Q) of two projections: mean rx ry / N exactly; variance under rotation.
ChanceLevel chance_mean_squared_correlation(Index degrees_of_freedom, Index rank_x, Index rank_y) {
  double const n = static_cast<double>(degrees_of_freedom);
  double const a = static_cast<double>(rank_x), b = static_cast<double>(rank_y), small = std::min(a, b);
  return {a * b / (n * small), std::sqrt(rotation_variance(n, a, a, b, b)) / small};
}

/// tr(K L) of centred Gram matrices. Mean tr K tr L / N exactly under relabelling; variance under rotation, which leaves
/// out the fourth moments of single samples: with a few very large samples the true deviation is larger.
ChanceLevel chance_cka(Side const& x, Side const& y) {
  double const n = static_cast<double>(x.rows - 1);
  double const norms = std::sqrt(x.sum_fourth_powers) * std::sqrt(y.sum_fourth_powers);
  double const variance =
      rotation_variance(n, x.total_variance, x.sum_fourth_powers, y.total_variance, y.sum_fourth_powers);
  return {x.total_variance * y.total_variance / (n * norms), std::sqrt(variance) / norms};
}

/// U-centred matrices have zero diagonal and zero row sums, which fixes both moments under relabelling whatever the
/// data: mean 0 and variance 2 / (n (n - 3)), by counting the index pairs that share two, one or no sample.
ChanceLevel chance_cka_debiased(Index rows) {
  double const n = static_cast<double>(rows);
  return {0, std::sqrt(2 / (n * (n - 3)))};
}

/// ||Ux'Y||^2 / ||Y||^2 = tr(P L) / tr L: mean rx / N exactly; variance under rotation.
ChanceLevel chance_regression(Side const& x, Side const& y) {
  double const n = static_cast<double>(x.rows - 1), rank = static_cast<double>(x.rank());
  double const variance = rotation_variance(n, rank, rank, y.total_variance, y.sum_fourth_powers);
  return {rank / n, std::sqrt(variance) / y.total_variance};
}

}  // namespace confer
