/// Census of the latent units of a variational autoencoder: which are active, mixed or passive, and their entropy.
///
/// Rules: variance rule of the polarised regime (Bonheme & Grzes); entropy criterion (Clapham, Bonheme, Grzes 2026).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "confer/linalg/matrix.hpp"

namespace confer {

/// Differential entropy in nats from the spacings of the sorted values (Vasicek, JRSS B 38, 54, 1976), each over
/// n^(1/3) neighbours to either side (fewer at the ends) and corrected by its exact bias where the density is locally
/// flat, psi(m) - psi(n + 1). Minus infinity when so many values coincide that a spacing is zero; NaN for fewer than 3
/// values.
double vasicek_entropy(std::span<double const> values);

/// Largest entropy at this variance: that of a Gaussian, ln(2 pi e variance)/2.
double gaussian_entropy(double variance);

enum class UnitKind { active, mixed, passive };
char const* to_string(UnitKind kind);

/// By the variances v = exp(log-variance) of one unit over the samples: passive when var v < .1 and mean v in
/// [.9, 1.1]; active when var v < .1 and mean v <= .1; mixed otherwise.
UnitKind classify_by_variance(std::span<double const> variances);

/// One latent unit. `kind` and `divergence` need the log-variances.
struct UnitCensus {
  double mean = 0;
  double variance = 0;       ///< of the mean representation, over samples
  double entropy = 0;        ///< Vasicek, nats
  double entropy_bound = 0;  ///< of a Gaussian of that variance
  double divergence = 0;     ///< mean KL divergence from the standard normal, (mu^2 + v - 1 - ln v)/2; NaN without v
  UnitKind kind = UnitKind::mixed;
  bool low_entropy = false;  ///< below the gap of entropies: passive by the entropy criterion
};

/// All units of a layer. `means` is samples x units; `log_variances` has the same shape or is empty.
/// Low entropy: below the largest gap between sorted finite entropies, when that gap is at least one nat; minus infinity
/// always is.
std::vector<UnitCensus> unit_census(MatrixView<double const> means, MatrixView<double const> log_variances);

}  // namespace confer
