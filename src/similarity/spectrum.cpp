#include "confer/similarity/spectrum.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace confer {

double participation_ratio(std::span<double const> singular_values) {
  double squares = 0, fourths = 0;
  for (double s : singular_values) {
    squares += s * s;
    fourths += s * s * s * s;
  }
  return squares * squares / fourths;
}

double effective_rank(std::span<double const> singular_values) {
  double total = 0;
  for (double s : singular_values) total += s;
  if (!(total > 0)) return std::numeric_limits<double>::quiet_NaN();
  double entropy = 0;
  for (double s : singular_values)
    if (s > 0) entropy -= s / total * std::log(s / total);
  return std::exp(entropy);
}

double spectrum_exponent(std::span<double const> singular_values, Index first, Index last) {
  Index const count = static_cast<Index>(singular_values.size());
  Index const end = last == 0 ? count : std::min(last, count);
  if (end - first + 1 < 3) return std::numeric_limits<double>::quiet_NaN();
  double weights = 0, mean_x = 0, mean_y = 0;
  auto const each = [&](auto visit) {
    for (Index i = first; i <= end; ++i) {
      double const position = static_cast<double>(i);
      visit(1 / position, std::log(position), 2 * std::log(singular_values[static_cast<std::size_t>(i - 1)]));
    }
  };
  each([&](double w, double x, double y) {
    weights += w;
    mean_x += w * x;
    mean_y += w * y;
  });
  mean_x /= weights;
  mean_y /= weights;
  double covariance = 0, variance = 0;
  each([&](double w, double x, double y) {
    covariance += w * (x - mean_x) * (y - mean_y);
    variance += w * (x - mean_x) * (x - mean_x);
  });
  return -covariance / variance;
}

}  // namespace confer
