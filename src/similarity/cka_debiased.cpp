/// Linear CKA with the unbiased HSIC estimator, evaluated in feature space. With K, L the centred Gram matrices and
/// a, b their diagonals, the inner product of the U-centred matrices is
///   <Ku, Lu> = tr(KL) - n/(n-2) a.b + tr(K) tr(L) / ((n-1)(n-2)).
#include <cmath>
#include <limits>

#include "confer/similarity/chance.hpp"
#include "similarity/measures.hpp"

namespace confer {

namespace {

double u_centred_product(Index rows, double grams, double diagonals, double traces) {
  double const n = static_cast<double>(rows);
  return grams - n / (n - 2) * diagonals + traces / ((n - 1) * (n - 2));
}

/// NaN below four samples (the estimator divides by n (n - 3)) and where a U-centred Gram matrix vanishes.
double score(PairStats const& pair) {
  Index const n = pair.x.rows;
  if (n < 4) return std::numeric_limits<double>::quiet_NaN();
  auto const self = [n](Side const& side) {
    return u_centred_product(n, side.sum_fourth_powers, side.sum_squared_row_norms,
                             side.total_variance * side.total_variance);
  };
  double const product = u_centred_product(n, pair.squared_cross_covariance(), pair.row_norm_product,
                                           pair.x.total_variance * pair.y.total_variance);
  double const self_x = self(pair.x), self_y = self(pair.y);
  if (!(self_x > 0) || !(self_y > 0)) return std::numeric_limits<double>::quiet_NaN();
  return within(-1, product / (std::sqrt(self_x) * std::sqrt(self_y)), 1);
}

double kernel_score(KernelStats const& pair) { return within(-1, u_centred(pair).cosine(), 1); }

std::optional<ChanceLevel> chance(PairStats const& pair) {
  if (pair.x.rows < 4) return std::nullopt;
  return chance_cka_debiased(pair.x.rows);
}

}  // namespace

Measure const measures::cka_debiased = {
    .name = "cka_debiased",
    .long_name = "linear centred kernel alignment (debiased)",
    .formula = "<Ku, Lu> / (||Ku||_F ||Lu||_F), Ku = U-centred XX', Lu = U-centred YY'; needs 4 samples",
    .reference = "Song et al. 2012; Nguyen, Raghu, Kornblith 2021",
    .kind = MeasureKind::similarity,
    .lowest = -1,
    .highest = 1,
    .symmetric = true,
    .row_invariances = up_to_rotation,
    .column_invariances = up_to_rotation,
    .needs = needs_cross | needs_row_norms,
    .core = true,
    .score = score,
    .chance = chance,
    .chance_by_rank = true,
    .kernel_score = kernel_score,
};

}  // namespace confer
