#include "confer/similarity/significance.hpp"

#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>
#include <limits>

namespace confer {

namespace {

/// ln (1 - rho^2) without cancellation; minus infinity at 1.
double log_unexplained(double rho) {
  return rho >= 1 ? -std::numeric_limits<double>::infinity() : std::log1p(-rho) + std::log1p(rho);
}

double chi_squared_survival(double statistic, double degrees_of_freedom) {
  if (std::isinf(statistic)) return 0;
  return boost::math::cdf(complement(boost::math::chi_squared(degrees_of_freedom), std::max(0.0, statistic)));
}

}  // namespace

double wilks_lambda(std::span<double const> canonical_correlations) {
  double logarithm = 0;
  for (double rho : canonical_correlations) logarithm += log_unexplained(rho);
  return std::exp(logarithm);
}

std::optional<BartlettTest> bartlett_test(std::span<double const> canonical_correlations, Index degrees_of_freedom,
                                          Index rank_x, Index rank_y, double level) {
  if (rank_x + rank_y >= degrees_of_freedom) return std::nullopt;
  auto const& rho = canonical_correlations;
  // Sums over the tails, so that no step subtracts what another added.
  std::vector<double> tail(rho.size() + 1, 0.0);
  for (std::size_t i = rho.size(); i-- > 0;) tail[i] = tail[i + 1] + log_unexplained(rho[i]);

  BartlettTest test;
  double inverse_squares = 0;
  for (std::size_t i = 0; i < rho.size(); ++i) {
    Index const k = static_cast<Index>(i);
    double const factor =
        static_cast<double>(degrees_of_freedom - k) - static_cast<double>(rank_x + rank_y + 1) / 2 + inverse_squares;
    double const freedom = static_cast<double>((rank_x - k) * (rank_y - k));
    double const statistic = -factor * tail[i];
    test.steps.push_back({k, statistic, freedom, chi_squared_survival(statistic, freedom)});
    if (!(test.steps.back().p_value < level)) return test;
    test.count = k + 1;
    inverse_squares += 1 / (rho[i] * rho[i]);
  }
  return test;
}

}  // namespace confer
