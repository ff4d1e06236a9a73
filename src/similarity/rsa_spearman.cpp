/// Representational similarity analysis by ranks: rho-a, the Spearman correlation expected when ties are broken at
/// random. Ranks come centred, divided by their number N: (rank - (N + 1)/2) / N.
#include <cmath>
#include <limits>

#include "similarity/measures.hpp"

namespace confer {

namespace {

/// sum over pairs of centred ranks, over its largest value (N^3 - N)/12.
double score(KernelStats const& pair) {
  double const pairs = static_cast<double>(pair.rows) * static_cast<double>(pair.rows - 1) / 2;
  CentredProducts const c = mean_centred(pair);
  // All ties, or a single pair of samples: there is no order to compare.
  if (pair.rows < 3 || !(c.xx > 0) || !(c.yy > 0)) return std::numeric_limits<double>::quiet_NaN();
  return within(-1, 12 * c.xy * pairs / (pairs * pairs - 1), 1);
}

std::optional<ChanceLevel> chance(KernelStats const& pair) {
  if (pair.rows < 4) return std::nullopt;
  ChanceLevel level = chance_mean_centred(pair);
  CentredProducts const c = mean_centred(pair);
  double const pairs = static_cast<double>(pair.rows) * static_cast<double>(pair.rows - 1) / 2;
  level.standard_deviation *= 12 * std::sqrt(c.xx) * std::sqrt(c.yy) * pairs / (pairs * pairs - 1);
  return level;
}

}  // namespace

Measure const measures::rsa_spearman = {
    .name = "rsa_spearman",
    .long_name = "representational similarity analysis, rank correlation rho-a",
    .formula = "12 / (N^3 - N) sum over i < j of centred ranks of D_ij and E_ij, ties sharing their mean rank, N = n(n-1)/2",
    .reference = "Kriegeskorte, Mur, Bandettini 2008; Schuett et al. 2023",
    .kind = MeasureKind::similarity,
    .lowest = -1,
    .highest = 1,
    .symmetric = true,
    .row_invariances = up_to_rotation,
    .column_invariances = up_to_rotation,
    .needs = needs_factors_only,
    .core = false,
    .score = nullptr,
    .chance = nullptr,
    .statistics = StatisticsKind::kernel,
    .kernel = Kernel::rank,
    .kernel_score = score,
    .kernel_chance = chance,
};

}  // namespace confer
