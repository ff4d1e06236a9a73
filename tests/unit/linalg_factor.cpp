#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "confer/linalg/dense.hpp"
#include "confer/linalg/factor.hpp"

namespace confer {
namespace {

/// rows x features matrix with given singular values after centring: orthonormal zero-mean columns times a rotation.
struct Planted {
  Matrix<double> x;        // features x rows
  std::vector<double> s;
};

Matrix<double> orthonormal(Index rows, Index cols, unsigned seed, bool zero_mean) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  Matrix<double> a(rows, cols);
  for (Index j = 0; j < cols; ++j) {
    double sum = 0;
    for (Index i = 0; i < rows; ++i) sum += a(i, j) = normal(generator);
    if (zero_mean)
      for (Index i = 0; i < rows; ++i) a(i, j) -= sum / static_cast<double>(rows);
  }
  for (int pass = 0; pass < 3; ++pass) {
    Matrix<double> gram(cols, cols);
    syrk_lower(1.0, a, Op::transpose, 0.0, gram);
    EXPECT_TRUE(cholesky_lower(gram));
    right_solve_lower_transposed(gram, a);
  }
  return a;
}

Planted plant(Index rows, Index features, std::vector<double> const& s, double offset, unsigned seed = 1) {
  auto const k = static_cast<Index>(s.size());
  Matrix<double> u = orthonormal(rows, k, seed, true);
  Matrix<double> const v = orthonormal(features, k, seed + 1, false);
  for (Index j = 0; j < k; ++j)
    for (Index i = 0; i < rows; ++i) u(i, j) *= s[static_cast<std::size_t>(j)];
  Planted planted{Matrix<double>(features, rows), s};
  gemm(1.0, v, Op::none, u, Op::transpose, 0.0, planted.x);
  for (Index i = 0; i < planted.x.size(); ++i) planted.x.data()[i] += offset;
  return planted;
}

RowSource row_source(Matrix<double> const& x) {
  RowSource source{x.cols(), x.cols(), x.rows(), {}, {}, {}};
  source.read = [&x](Index begin, MatrixView<double> out) {
    for (Index i = 0; i < out.cols; ++i) std::copy_n(x.view().column(begin + i), out.rows, out.column(i));
  };
  return source;
}

ColumnSource column_source(Matrix<double> const& x) {
  ColumnSource source{x.cols(), x.rows(), x.rows(), {}, {}};
  source.read = [&x](Index begin, MatrixView<double> out) {
    for (Index i = 0; i < out.cols; ++i) std::copy_n(x.view().column(i) + begin, out.rows, out.column(i));
  };
  return source;
}

FactorOptions exact_options(Matrix<double> const& x, double unit_roundoff = 0x1p-53) {
  FactorOptions options;
  options.exact = true;
  options.rule.unit_roundoff = unit_roundoff;
  options.stored = [&x] { return StoredNorm{squared_norm(x), static_cast<double>(x.size())}; };
  return options;
}

void expect_factor(Factor const& factor, Planted const& planted, double tolerance) {
  ASSERT_EQ(factor.rank(), static_cast<Index>(planted.s.size()));
  for (std::size_t i = 0; i < planted.s.size(); ++i)
    EXPECT_NEAR(factor.singular_values[i] / planted.s[i], 1.0, tolerance) << i;
  Matrix<double> gram(factor.rank(), factor.rank());
  gemm(1.0, factor.basis_exact, Op::transpose, factor.basis_exact, Op::none, 0.0, gram);
  for (Index j = 0; j < gram.cols(); ++j)
    for (Index i = 0; i < gram.rows(); ++i) EXPECT_NEAR(gram(i, j), i == j ? 1.0 : 0.0, 1e-12);
  // U (diag(s) V') rebuilds the centred matrix.
  Matrix<double> rebuilt(factor.features, factor.rows);
  gemm(1.0, factor.loadings, Op::transpose, factor.basis_exact, Op::transpose, 0.0, rebuilt);
  double worst = 0;
  for (Index i = 0; i < factor.rows; ++i)
    for (Index j = 0; j < factor.features; ++j)
      worst = std::max(worst, std::abs(rebuilt(j, i) + factor.mean[static_cast<std::size_t>(j)] - planted.x(j, i)));
  EXPECT_LT(worst, 1e-11 * (planted.s.front() + std::abs(planted.x(0, 0))));
}

std::vector<double> geometric(Index count, double last) {
  std::vector<double> s;
  for (Index i = 0; i < count; ++i) s.push_back(std::pow(last, static_cast<double>(i) / static_cast<double>(count - 1)));
  return s;
}

TEST(FactorColumns, ProjectsWhatItIsGivenOnTheLeftVectors) {
  Planted const planted = plant(12, 30, {1e4, 50, 3, 1e-3}, 2.0);
  Matrix<double> outputs(12, 3);
  for (Index i = 0; i < outputs.size(); ++i) outputs.data()[i] = std::sin(static_cast<double>(i * i));
  ColumnSource source = column_source(planted.x);
  FactorOptions options;
  options.exact = true;
  options.loadings = false;
  Factor const whole = factor_columns(source, options);
  ASSERT_EQ(whole.rank(), 4);
  source.outputs = outputs;
  options.basis = false;
  Factor const projected = factor_columns(source, options);
  EXPECT_EQ(projected.singular_values, whole.singular_values);
  EXPECT_EQ(projected.loadings.size() + projected.basis_exact.size(), 0);
  ASSERT_EQ(projected.projections.rows(), 4);
  ASSERT_EQ(projected.projections.cols(), 3);
  for (Index k = 0; k < 4; ++k)
    for (Index c = 0; c < 3; ++c) {
      double expected = 0;
      for (Index i = 0; i < 12; ++i) expected += whole.basis_exact(i, k) * outputs(i, c);
      EXPECT_NEAR(projected.projections(k, c), expected, 1e-12);
    }
}

TEST(Factor, RebuildsWellConditionedData) {
  auto const planted = plant(300, 12, geometric(12, 0.01), 0.0);
  expect_factor(factor_rows(row_source(planted.x), exact_options(planted.x)), planted, 1e-12);
}

TEST(Factor, ResolvesConditionNumbersBeyondOneGramMatrix) {
  auto const planted = plant(300, 20, geometric(20, 1e-9), 0.0);
  Factor const factor = factor_rows(row_source(planted.x), exact_options(planted.x));
  expect_factor(factor, planted, 1e-5);
  EXPECT_GT(factor.levels, 1);
}

TEST(Factor, ValuesAloneAreThoseOfTheWholeFactor) {
  for (double const last : {0.01, 1e-9}) {  // one Gram matrix, several
    auto const planted = plant(120, 90, geometric(20, last), 2.0);
    FactorOptions const options = exact_options(planted.x);
    FactorOptions values_only = options;
    values_only.basis = values_only.loadings = false;
    auto const compare = [&](Factor const& values, Factor const& whole) {
      ASSERT_EQ(values.rank(), 20);
      EXPECT_EQ(values.levels, whole.levels);
      EXPECT_EQ(values.kept(), 0);
      for (std::size_t i = 0; i < 20; ++i)
        EXPECT_NEAR(values.singular_values[i] / whole.singular_values[i], 1.0, last < 1e-3 ? 1e-5 : 1e-12) << i;
    };
    compare(factor_rows(row_source(planted.x), values_only), factor_rows(row_source(planted.x), options));
    compare(factor_columns(column_source(planted.x), values_only), factor_columns(column_source(planted.x), options));
  }
}

TEST(Factor, SampleSideAgreesWithFeatureSide) {
  auto const planted = plant(40, 150, geometric(30, 1e-6), 3.0);
  expect_factor(factor_columns(column_source(planted.x), exact_options(planted.x)), planted, 1e-7);
  expect_factor(factor_rows(row_source(planted.x), exact_options(planted.x)), planted, 1e-7);
}

TEST(Factor, RankIsRightHoweverFarTheSpectrumFalls) {
  for (bool const exact : {false, true})
    for (double const last : {1e-2, 1e-5, 1e-8, 1e-10})
      for (unsigned seed = 1; seed <= 3; ++seed) {
        auto const planted = plant(500, 70, geometric(40, last), 3.0, seed), wide = plant(150, 400, planted.s, 3.0, seed);
        FactorOptions options = exact_options(planted.x), wide_options = exact_options(wide.x);
        options.exact = wide_options.exact = exact;
        Factor const tall = factor_rows(row_source(planted.x), options);
        Factor const columns = factor_columns(column_source(wide.x), wide_options);
        EXPECT_EQ(tall.rank(), 40) << last << ' ' << seed << ' ' << exact;
        EXPECT_EQ(columns.rank(), 40) << last << ' ' << seed << ' ' << exact;
        for (std::size_t i = 0; i < 40 && tall.rank() == 40; ++i)
          EXPECT_NEAR(tall.singular_values[i] / planted.s[i], 1.0, exact ? 1e-4 : 1e-3) << last << ' ' << i;
      }
}

/// Most of a basis in single precision is multiplied in it, though directions differ in strength by thousands.
TEST(FactorRows, BasisInSinglePrecisionLosesNoMoreThanItsRounding) {
  std::vector<double> some_dominate = geometric(60, 0.2), few_are_weak(60, 1.0);
  for (std::size_t i = 0; i < 60; ++i) {
    if (i > 3) some_dominate[i] *= 5e-3;
    few_are_weak[i] = (i < 55 ? 1.0 : 1e-3) * (1 - 0.01 * static_cast<double>(i));
  }
  for (auto s : {geometric(60, 0.5), geometric(60, 5e-4), some_dominate, few_are_weak})
    for (double const scale : {1e-60, 1.0, 1e60}) {
      for (double& value : s) value *= scale;
      auto const planted = plant(1300, 64, s, 2 * scale);
      FactorOptions options = exact_options(planted.x, 0x1p-24);
      Factor const exact = factor_rows(row_source(planted.x), options);
      options.exact = false;
      Factor const factor = factor_rows(row_source(planted.x), options);
      ASSERT_EQ(factor.rank(), 60);
      EXPECT_EQ(factor.levels, 1);
      Matrix<double> basis(1300, 60), across(60, 60), own(60, 60);
      std::copy_n(factor.basis.data(), basis.size(), basis.data());
      gemm(1.0, basis, Op::transpose, basis, Op::none, 0.0, own);
      gemm(1.0, basis, Op::transpose, exact.basis_exact, Op::none, 0.0, across);
      for (Index j = 0; j < 60; ++j)
        for (Index i = 0; i < 60; ++i) {
          EXPECT_NEAR(own(i, j), i == j ? 1 : 0, 1e-7) << i << ' ' << j << ' ' << s.front() << ' ' << s.back();
          EXPECT_NEAR(std::abs(across(i, j)), i == j ? 1 : 0, 1e-7) << i << ' ' << j;
        }
      for (std::size_t i = 0; i < 1300; ++i)
        EXPECT_NEAR(factor.squared_row_norms[i] / exact.squared_row_norms[i], 1, 5e-7);
      for (double& value : s) value /= scale;
    }
}

TEST(Factor, LargeOffsetsAndScalesDoNotMatter) {
  for (double const scale : {1e-30, 1.0, 1e30}) {
    auto s = geometric(8, 0.1);
    for (double& value : s) value *= scale;
    auto const planted = plant(500, 8, s, 1e4 * scale);
    Factor const factor = factor_rows(row_source(planted.x), exact_options(planted.x));
    ASSERT_EQ(factor.rank(), 8);
    for (std::size_t i = 0; i < s.size(); ++i) EXPECT_NEAR(factor.singular_values[i] / s[i], 1.0, 1e-9);
  }
}

TEST(Factor, DuplicatesAndConstantsDoNotAddRank) {
  auto planted = plant(400, 10, geometric(10, 0.05), 0.5);
  Matrix<double> x(13, 400);
  for (Index i = 0; i < 400; ++i) {
    for (Index j = 0; j < 10; ++j) x(j, i) = planted.x(j, i);
    x(10, i) = planted.x(3, i);
    x(11, i) = planted.x(7, i);
    x(12, i) = 1.5;
  }
  Factor const factor = factor_rows(row_source(x), exact_options(x));
  EXPECT_EQ(factor.rank(), 10);
  EXPECT_EQ(factor.constant_features, 1);
  Factor const columns = factor_columns(column_source(x), exact_options(x));
  EXPECT_EQ(columns.rank(), 10);
  EXPECT_EQ(columns.constant_features, 1);
}

TEST(Factor, CutFollowsTheStoredType) {
  // Half-precision storage: directions below the rounding noise are not counted.
  auto planted = plant(1000, 30, geometric(30, 1e-8), 0.0);
  Matrix<double> x = planted.x;
  for (Index i = 0; i < x.size(); ++i) {
    double const unit = std::ldexp(1.0, std::ilogb(x.data()[i]) - 10);
    x.data()[i] = std::round(x.data()[i] / unit) * unit;
  }
  FactorOptions options = exact_options(x, 0x1p-11);
  Factor const factor = factor_rows(row_source(x), options);
  EXPECT_LT(factor.rank(), 20);
  EXPECT_GT(factor.rank(), 8);
  EXPECT_NEAR(factor.singular_values.back() / planted.s[static_cast<std::size_t>(factor.rank() - 1)], 1.0, 0.2);
  options.rule.relative = 1e-3;
  Factor const relative = factor_rows(row_source(x), options);
  EXPECT_GE(relative.singular_values.back(), 1e-3 * relative.singular_values.front());
}

TEST(Factor, ConstantMatrixHasRankZero) {
  Matrix<double> x(4, 50);
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = 2.5;
  EXPECT_EQ(factor_rows(row_source(x), exact_options(x)).rank(), 0);
  EXPECT_EQ(factor_columns(column_source(x), exact_options(x)).rank(), 0);
}

TEST(Factor, KeepsAsManyDirectionsAsAskedFor) {
  auto const planted = plant(200, 6, {8, 4, 2, 1, 0.5, 0.25}, 0.0);
  FactorOptions options = exact_options(planted.x);
  options.components = 2;
  EXPECT_EQ(factor_rows(row_source(planted.x), options).kept(), 2);
  options.components = 0;
  options.variance = 0.9;
  Factor const factor = factor_rows(row_source(planted.x), options);
  EXPECT_EQ(factor.kept(), 2);  // 64 + 16 of 85.3
  EXPECT_EQ(factor.rank(), 6);
}

TEST(FactorRows, OneBlockIsReadOnceAndGivesWhatSeveralGive) {
  Planted const planted = plant(400, 6, {64, 16, 3, 2, 1e-3, 1e-5}, 1e3);
  FactorOptions const options = exact_options(planted.x);
  RowSource source = row_source(planted.x);
  Index reads = 0;
  auto const read = source.read;
  source.read = [&](Index begin, MatrixView<double> out) {
    ++reads;
    read(begin, out);
  };
  Factor const factor = factor_rows(source, options);
  EXPECT_GT(factor.levels, 1);
  EXPECT_EQ(reads, 1);
  expect_factor(factor, planted, 1e-7);
}

}  // namespace
}  // namespace confer
