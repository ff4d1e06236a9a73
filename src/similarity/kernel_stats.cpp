#include "confer/similarity/kernel_stats.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace confer {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Below this share of what was subtracted a centred square is rounding.
constexpr double noise = 64 * std::numeric_limits<double>::epsilon();

double square(double value) { return value * value; }

/// A square that centring leaves, or 0 where only rounding is left of it, of the sums or of the elements.
double clean(double centred, double before, double rounding) {
  return centred > std::max(noise * before, rounding) ? centred : 0;
}

/// tr(HKH) = sum of the diagonal - total/n.
double centred_trace(double full_total, double total, double n) { return (full_total - total) - full_total / n; }

}  // namespace

double CentredProducts::cosine() const {
  if (!(xx > 0) || !(yy > 0)) return nan;
  return xy / (std::sqrt(xx) * std::sqrt(yy));
}

CentredProducts doubly_centred(KernelStats const& pair) {
  double const n = static_cast<double>(pair.rows);
  auto const product = [n](KernelMoments const& m, double tx, double ty) {
    return m.full - 2 / n * m.full_rows + tx / n * (ty / n);
  };
  return {product(pair.xy, pair.full_total_x, pair.full_total_y),
          clean(product(pair.xx, pair.full_total_x, pair.full_total_x), pair.xx.full, pair.rounding_x),
          clean(product(pair.yy, pair.full_total_y, pair.full_total_y), pair.yy.full, pair.rounding_y)};
}

CentredProducts u_centred(KernelStats const& pair) {
  if (pair.rows < 4) return {nan, nan, nan};
  double const n = static_cast<double>(pair.rows);
  auto const product = [n](KernelMoments const& m, double tx, double ty) {
    return m.off - 2 / (n - 2) * m.rows + tx / (n - 1) * (ty / (n - 2));
  };
  return {product(pair.xy, pair.total_x, pair.total_y),
          clean(product(pair.xx, pair.total_x, pair.total_x), pair.xx.off, pair.rounding_x),
          clean(product(pair.yy, pair.total_y, pair.total_y), pair.yy.off, pair.rounding_y)};
}

CentredProducts mean_centred(KernelStats const& pair) {
  double const pairs = static_cast<double>(pair.rows) * static_cast<double>(pair.rows - 1);
  auto const product = [pairs](KernelMoments const& m, double tx, double ty) { return (m.off - tx * (ty / pairs)) / 2; };
  return {product(pair.xy, pair.total_x, pair.total_y),
          clean(product(pair.xx, pair.total_x, pair.total_x), pair.xx.off / 2, pair.rounding_x / 2),
          clean(product(pair.yy, pair.total_y, pair.total_y), pair.yy.off / 2, pair.rounding_y / 2)};
}

/// The deviation is that of random rotations of the centred samples, as for linear CKA.
ChanceLevel chance_doubly_centred(KernelStats const& pair) {
  CentredProducts const c = doubly_centred(pair);
  double const n = static_cast<double>(pair.rows), N = n - 1;
  double const tx = centred_trace(pair.full_total_x, pair.total_x, n);
  double const ty = centred_trace(pair.full_total_y, pair.total_y, n);
  double const norms = std::sqrt(c.xx) * std::sqrt(c.yy);
  double const x = std::max(0.0, c.xx - square(tx) / N), y = std::max(0.0, c.yy - square(ty) / N);
  double const variance = N > 1 ? 2 * x * y / ((N - 1) * (N + 2)) : 0;
  return {tx * (ty / N) / norms, std::sqrt(variance) / norms};
}

/// A kernel off its mean is a sum a_i + a_j and a remainder whose rows sum to zero. Under relabelling the two parts of
/// one side meet only their like of the other: var = q_x q_y / (n - 1) + 2 (1 - q_x) (1 - q_y) / (n (n - 3)), q the
/// share of the squares that lies in the first part.
ChanceLevel chance_mean_centred(KernelStats const& pair) {
  CentredProducts const c = mean_centred(pair);
  double const n = static_cast<double>(pair.rows);
  auto const share = [n](KernelMoments const& m, double total, double squares) {
    // k_i - total/n = (n - 2) a_i, and the part a_i + a_j has squares (n - 2) sum a^2 over i < j.
    double const spread = std::max(0.0, m.rows - total * (total / n));
    return std::clamp(spread / (n - 2) / squares, 0.0, 1.0);
  };
  double const qx = share(pair.xx, pair.total_x, c.xx), qy = share(pair.yy, pair.total_y, c.yy);
  return {0, std::sqrt(qx * qy / (n - 1) + 2 * (1 - qx) * (1 - qy) / (n * (n - 3)))};
}

}  // namespace confer
