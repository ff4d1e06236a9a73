/// Distances between all pairs of samples of one representation: a summary of them and their ranks.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "confer/linalg/matrix.hpp"
#include "confer/linalg/short_samples.hpp"

namespace confer {

/// Samples that the median looks at; of more, as many evenly spaced ones stand for all.
inline constexpr Index median_samples = 4096;

struct DistanceSummary {
  double median;          ///< of |x_i - x_j| over i < j, the mean of the middle two where their number is even
  double near_share = 0;  ///< of the pairs, those too near to each other for single precision to tell
};

/// samples: features x n. squared_norms: of the samples. The median is NaN below two samples.
DistanceSummary summarise_distances(MatrixView<float const> samples, std::span<double const> squared_norms);
DistanceSummary summarise_distances(MatrixView<double const> samples, std::span<double const> squared_norms);
DistanceSummary summarise_distances(ShortSamples const& samples, std::span<double const> squared_norms);

/// Ranks (from 1) of |x_i - x_j| among all i < j, at [j (j - 1) / 2 + i]; equal distances share their mean rank.
/// Distances closer than about 5e-10 (uint32: 2e-11) of the largest norm are equal. Codes: for uint32 twice the rank;
/// for uint16 65536 (rank - 1/2) / N, N = n (n - 1) / 2, rounded down, or up for some of equal distances, so that their
/// mean is right. samples: features x n, n < 65536. Takes 16 N bytes beside the result.
template <class U>
std::vector<U> distance_ranks(MatrixView<double const> samples);

/// (rank - (N + 1)/2) / N of a code.
template <class U>
struct RankDecoder {
  double scale, offset;
  explicit RankDecoder(Index samples) {
    double const pairs = static_cast<double>(samples) * static_cast<double>(samples - 1) / 2;
    bool const doubled = sizeof(U) == sizeof(std::uint32_t);
    scale = doubled ? 1 / (2 * pairs) : 1.0 / 65536;
    offset = doubled ? -(pairs + 1) / (2 * pairs) : 0.5 / 65536 - 0.5;
  }
  double operator()(U code) const { return static_cast<double>(code) * scale + offset; }
};

}  // namespace confer
