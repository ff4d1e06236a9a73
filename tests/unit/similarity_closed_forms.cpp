/// Values that are known exactly: the paired design and the special cases.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "unit/pair_fixtures.hpp"
#include "unit/paired_design.hpp"

namespace confer::test {
namespace {

/// Sums over the paired design.
template <class F>
double total(PairedDesign const& d, F term) {
  double value = 0;
  for (std::size_t j = 0; j < d.s.size(); ++j) value += term(d.s[j], d.t[j], d.c[j]);
  return value;
}

/// The plain definition of debiased CKA: U-centre both Gram matrices, then a cosine.
Matrix<double> u_centred_gram(Matrix<double> const& data) {
  Matrix<double> const x = centred(data);
  Index const n = x.rows();
  Matrix<double> gram(n, n);
  gemm(1, x.view(), Op::none, x.view(), Op::transpose, 0, gram);
  for (Index i = 0; i < n; ++i) gram(i, i) = 0;
  std::vector<double> rows(static_cast<std::size_t>(n));
  double all = 0;
  for (Index j = 0; j < n; ++j)
    for (Index i = 0; i < n; ++i) {
      rows[static_cast<std::size_t>(i)] += gram(i, j);
      all += gram(i, j);
    }
  double const m = static_cast<double>(n);
  for (Index j = 0; j < n; ++j)
    for (Index i = 0; i < n; ++i)
      gram(i, j) = i == j ? 0
                          : gram(i, j) -
                                (rows[static_cast<std::size_t>(i)] + rows[static_cast<std::size_t>(j)]) / (m - 2) +
                                all / ((m - 1) * (m - 2));
  return gram;
}

double inner(Matrix<double> const& a, Matrix<double> const& b) {
  double sum = 0;
  for (Index i = 0; i < a.size(); ++i) sum += a.data()[i] * b.data()[i];
  return sum;
}

double debiased_by_definition(Matrix<double> const& x, Matrix<double> const& y) {
  auto const k = u_centred_gram(x), l = u_centred_gram(y);
  return inner(k, l) / std::sqrt(inner(k, k) * inner(l, l));
}

void expect_closed_forms(PairedDesign const& d) {
  double const p = static_cast<double>(d.s.size());
  double const s2 = total(d, [](double s, double, double) { return s * s; });
  double const t2 = total(d, [](double, double t, double) { return t * t; });
  double const stc = total(d, [](double s, double t, double c) { return s * t * c; });
  EXPECT_NEAR(score("cca", d.x, d.y), total(d, [](double, double, double c) { return c; }) / p, 1e-12);
  EXPECT_NEAR(score("cca_r2", d.x, d.y), total(d, [](double, double, double c) { return c * c; }) / p, 1e-12);
  EXPECT_NEAR(
      score("pwcca", d.x, d.y),
      total(d, [](double s, double, double c) { return s * c; }) / total(d, [](double s, double, double) { return s; }),
      1e-12);
  EXPECT_NEAR(
      score("pwcca", d.y, d.x),
      total(d, [](double, double t, double c) { return t * c; }) / total(d, [](double, double t, double) { return t; }),
      1e-12);
  EXPECT_NEAR(score("cka", d.x, d.y),
              total(d, [](double s, double t, double c) { return s * s * t * t * c * c; }) /
                  std::sqrt(total(d, [](double s, double, double) { return s * s * s * s; }) *
                            total(d, [](double, double t, double) { return t * t * t * t; })),
              1e-12);
  EXPECT_NEAR(score("procrustes", d.x, d.y), stc / std::sqrt(s2 * t2), 1e-12);
  EXPECT_NEAR(score("procrustes_angle", d.x, d.y), std::acos(stc / std::sqrt(s2 * t2)), 1e-12);
  EXPECT_NEAR(score("regression", d.x, d.y), total(d, [](double, double t, double c) { return t * t * c * c; }) / t2,
              1e-12);
  EXPECT_NEAR(score("regression", d.y, d.x), total(d, [](double s, double, double c) { return s * s * c * c; }) / s2,
              1e-12);
  EXPECT_NEAR(score("cka_debiased", d.x, d.y), debiased_by_definition(d.x, d.y), 1e-12);
}

TEST(ClosedForms, PairedDesign) {
  expect_closed_forms(table_design());
  expect_closed_forms(paired_design(101, {3, 2.5, 2, 1.5}, {0.25, 4, 0.5, 1}, {0.2, 0.6, 0.4, 0.8}));
}

TEST(ClosedForms, SurviveNeuronRotationExceptTheWeightsOfTheRow) {
  PairedDesign d = table_design();
  double const weighted = score("pwcca", d.x, d.y);
  d.x = translated(product(d.x, rotation(6, 1)));
  EXPECT_GT(std::abs(score("pwcca", d.x, d.y) - weighted), 1e-4);
  d.x = table_design().x;
  d.y = translated(product(d.y, rotation(6, 2)));
  EXPECT_NEAR(score("pwcca", d.x, d.y), weighted, 1e-12);
}

TEST(ClosedForms, ValuesOfTheTable) {
  PairedDesign const d = table_design();
  EXPECT_NEAR(score("cca", d.x, d.y), 0.575, 1e-10);
  EXPECT_NEAR(score("cca_r2", d.x, d.y), 0.4254166667, 1e-10);
  EXPECT_NEAR(score("pwcca", d.x, d.y), 0.8116279070, 1e-10);
  EXPECT_NEAR(score("pwcca", d.y, d.x), 0.4261904762, 1e-10);
  EXPECT_NEAR(score("svcca", d.x, d.y, 0.99), 0.7625, 1e-10);
  EXPECT_NEAR(score("svcca", d.x, d.y, 0.95), 0.5333333333, 1e-10);
  EXPECT_NEAR(score("cka", d.x, d.y), 0.0464211670, 1e-10);
  EXPECT_NEAR(score("cka_debiased", d.x, d.y), 0.0401804295, 1e-10);
  EXPECT_NEAR(score("procrustes", d.x, d.y), 0.2718335948, 1e-10);
  EXPECT_NEAR(score("procrustes_angle", d.x, d.y), 1.2954984648, 1e-10);
  EXPECT_NEAR(score("regression", d.x, d.y), 0.1666208791, 1e-10);
  EXPECT_NEAR(score("regression", d.y, d.x), 0.8330520647, 1e-10);
  PairedDesign const shorter = table_design(300);
  EXPECT_NEAR(score("cka_debiased", shorter.x, shorter.y), 0.0380679830, 1e-10);
}

TEST(ClosedForms, KeptComponentsOfTheTable) {
  PairedDesign const d = table_design();
  EXPECT_EQ(factor(d.x, 0.99).components, 4);
  EXPECT_EQ(factor(d.y, 0.99).components, 6);
  EXPECT_EQ(factor(d.x, 0.95).components, 3);
  EXPECT_EQ(factor(d.y, 0.95).components, 5);
}

TEST(ClosedForms, UnrelatedRepresentationsScoreZero) {
  PairedDesign const d = paired_design(50, {3, 2, 1}, {1, 5, 2}, {0, 0, 0});
  for (char const* name : {"cca", "cca_r2", "svcca", "pwcca", "cka", "procrustes", "regression"})
    EXPECT_NEAR(score(name, d.x, d.y), 0, 1e-14) << name;
  EXPECT_NEAR(score("procrustes_angle", d.x, d.y), std::numbers::pi / 2, 1e-14);
  EXPECT_LT(score("cka_debiased", d.x, d.y), 0) << "the debiased estimate of no similarity may be negative";
}

TEST(ClosedForms, SameSpaceDifferentScalesSeparatesCcaFromCka) {
  PairedDesign const d = paired_design(50, {4, 2, 1}, {1, 2, 4}, {1, 1, 1});
  EXPECT_NEAR(score("cca", d.x, d.y), 1, 1e-14);
  EXPECT_NEAR(score("regression", d.x, d.y), 1, 1e-14);
  EXPECT_NEAR(score("cka", d.x, d.y), (16.0 + 16 + 16) / (256 + 16 + 1), 1e-13);
  EXPECT_NEAR(score("procrustes", d.x, d.y), 12.0 / 21, 1e-13);
}

TEST(ClosedForms, SingleNeurons) {
  PairedDesign const d = paired_design(20, {2}, {7}, {0.6});
  for (char const* name : {"cca", "svcca", "pwcca", "procrustes"})
    EXPECT_NEAR(score(name, d.x, d.y), 0.6, 1e-13) << name;
  for (char const* name : {"cca_r2", "cka", "regression"}) EXPECT_NEAR(score(name, d.x, d.y), 0.36, 1e-13) << name;
}

TEST(ClosedForms, SharedDirectionsOfOrthonormalBases) {
  // 5 and 8 orthonormal neurons, 3 of them in common.
  Matrix<double> x(60, 5), y(60, 8);
  for (Index j = 0; j < 5; ++j) std::ranges::copy(cosine_wave(60, 1 + j), x.view().column(j));
  for (Index j = 0; j < 8; ++j) std::ranges::copy(cosine_wave(60, 3 + j), y.view().column(j));
  EXPECT_NEAR(score("cca", x, y), 3.0 / 5, 1e-13);
  EXPECT_NEAR(score("cca_r2", x, y), 3.0 / 5, 1e-13);
  EXPECT_NEAR(score("cka", x, y), 3.0 / std::sqrt(40.0), 1e-13);
  EXPECT_NEAR(score("procrustes", x, y), 3.0 / std::sqrt(40.0), 1e-13);
  EXPECT_NEAR(score("regression", x, y), 3.0 / 8, 1e-13);
  EXPECT_NEAR(score("regression", y, x), 3.0 / 5, 1e-13);
}

TEST(ClosedForms, DebiasedCkaNeedsFourSamples) {
  EXPECT_TRUE(std::isnan(score("cka_debiased", gaussian(3, 2, 1), gaussian(3, 2, 2))));
  Matrix<double> const x = gaussian(4, 5, 1), y = gaussian(4, 2, 2);
  EXPECT_NEAR(score("cka_debiased", x, y), debiased_by_definition(x, y), 1e-12);
}

TEST(ClosedForms, MoreNeuronsThanSamples) {
  Matrix<double> const x = gaussian(20, 35, 1), y = gaussian(20, 3, 2);
  EXPECT_NEAR(score("cca", x, y), 1, 1e-12);
  EXPECT_NEAR(score("regression", x, y), 1, 1e-12);
  EXPECT_LT(score("cka", x, y), 0.9);
  EXPECT_NEAR(score("cka_debiased", x, y), debiased_by_definition(x, y), 1e-12);
  EXPECT_EQ(factor(x).values.size(), 19u);
}

TEST(ClosedForms, DuplicatedAndConstantNeurons) {
  Matrix<double> const x = gaussian(60, 5, 1), y = added(gaussian(60, 5, 2), x, 0.7);
  Matrix<double> const doubled = side_by_side(x, columns(x, 0, 2)), padded = side_by_side(x, Matrix<double>(60, 3));
  for (char const* name : {"cca", "cca_r2", "regression"})
    EXPECT_NEAR(score(name, doubled, y), score(name, x, y), 1e-12) << name;
  for (char const* name : {"cka", "cka_debiased", "procrustes", "pwcca"})
    EXPECT_GT(std::abs(score(name, doubled, y) - score(name, x, y)), 1e-4) << name;
  for (Measure const* measure : select_measures({"core"}))
    EXPECT_NEAR(score(*measure, padded, y), score(*measure, x, y), 1e-12) << measure->name;
}

TEST(PairWorkspace, ComputesOnlyWhatIsAskedForAndBothDirections) {
  PlainFactor const x = factor(gaussian(40, 4, 1)), y = factor(gaussian(40, 6, 2));
  PairWorkspace const plain(x.view(), y.view(), needs_cross);
  EXPECT_TRUE(plain.stats().canonical_correlations.empty());
  EXPECT_TRUE(plain.stats().cross_covariance_values.empty());
  PairWorkspace const both(x.view(), y.view(), needs_everything), swapped(y.view(), x.view(), needs_everything);
  EXPECT_EQ(both.stats().canonical_weights.size(), 4u);
  EXPECT_EQ(both.transposed().cross.rows, 6);
  for (Measure const* measure : select_measures({"core"}))
    EXPECT_NEAR(measure->score(both.transposed()), measure->score(swapped.stats()), 1e-12) << measure->name;
}

TEST(PairWorkspace, RowNormsFollowFromTheFactor) {
  PlainFactor const x = factor(gaussian(30, 4, 1)), y = factor(gaussian(30, 3, 2));
  auto without = x.view();
  without.squared_row_norms = {};
  EXPECT_NEAR(PairWorkspace(without, y.view(), needs_row_norms).stats().row_norm_product,
              PairWorkspace(x.view(), y.view(), needs_row_norms).stats().row_norm_product, 1e-10);
}

}  // namespace
}  // namespace confer::test
