/// Samples in 16 bits, and their inner products in whole numbers: half the space of single precision, and products at
/// about twice its speed.
///
/// A value is a code times the unit of its block of features. Units are such that the products of codes of a block add
/// up below 2^31 whatever the samples (Cauchy-Schwarz), hence exactly; only the sums of blocks are rounded, in order.
#pragma once

#include <cstdint>
#include <vector>

#include "confer/linalg/matrix.hpp"

namespace confer {

/// Samples that lie together: where a tile of products begins.
inline constexpr Index short_group = 16;

/// What codes mean and where they lie: groups of 16 samples; in these, one pair of features after the other, of all 16
/// samples. Samples and features are filled up with zeros.
struct ShortSamples {
  Index features = 0, samples = 0;
  Index block = 0;               ///< features that share a unit
  float const* units = nullptr;  ///< of the blocks
  std::int16_t const* codes = nullptr;

  Index pairs() const { return (features + 1) / 2; }
  Index blocks() const { return block > 0 ? (features + block - 1) / block : 0; }
  Index groups() const { return (samples + short_group - 1) / short_group; }
  Index code_count() const { return groups() * short_group * 2 * pairs(); }
  Index place(Index feature, Index sample) const {
    return ((sample / short_group * pairs() + feature / 2) * short_group + sample % short_group) * 2 + feature % 2;
  }
  double value(Index feature, Index sample) const {
    return static_cast<double>(units[feature / block]) * codes[place(feature, sample)];
  }
};

/// The same, in memory of its own.
struct ShortMatrix {
  Index features = 0, samples = 0, block = 0;
  std::vector<float> units;
  std::vector<std::int16_t> codes;
  std::vector<double> squared_norms;  ///< of the samples that the codes stand for
  std::vector<double> lost;           ///< of each sample the sum of squares of what the codes do not show

  ShortSamples view() const { return {features, samples, block, units.data(), codes.data()}; }
};

/// Codes of the samples (features x n), to the nearest unit, in blocks as large as leave a mean squared error of a value
/// expected to be at most `tolerated`, or else in the smallest.
ShortMatrix shorten(MatrixView<float const> samples, double tolerated);

/// `count` of the samples, evenly spaced; without norms and losses.
ShortMatrix evenly_spaced(ShortSamples const& codes, Index count);

/// The largest mean squared error of a value that results do not show, beside samples of this typical squared norm.
/// Errors of n p values are independent and average out, so that kernels of all samples see about the relative error of
/// one sample over sqrt(n p); it must not exceed 2e-7.
double negligible_squared_error(double typical_squared_norm, Index samples);

/// All products of two ranges of samples, or those at least that lie in the lower triangle of a range with itself.
enum class ProductPart { all, lower };

/// g(i, j) = x_(row + i) . x_(col + j); row, col: multiples of short_group. `lower`: the rest of g is left as it is.
void short_products(ShortSamples const& x, Index row, Index col, MatrixView<float> g, ProductPart part = ProductPart::all);

}  // namespace confer
