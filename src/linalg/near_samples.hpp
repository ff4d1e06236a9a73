/// Squared distances from inner products, where these leave enough digits.
#pragma once

#include "confer/linalg/matrix.hpp"

namespace confer {

/// |x_i - x_j|^2 of two columns whose squared norms add up to `both`. Near samples are subtracted instead: of their
/// distance the product leaves no digit, and of equal ones it makes one.
inline double squared_distance(MatrixView<double const> samples, Index i, Index j, double both, double product) {
  double const distance = both - 2 * product;
  if (!(distance < 1e-6 * both)) return distance;
  double sum = 0;
  for (Index k = 0; k < samples.rows; ++k) sum += (samples(k, i) - samples(k, j)) * (samples(k, i) - samples(k, j));
  return sum;
}

}  // namespace confer
