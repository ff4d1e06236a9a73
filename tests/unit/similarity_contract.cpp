/// What every measure in the table promises, tried on random data.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <set>

#include "confer/core/error.hpp"
#include "unit/pair_fixtures.hpp"

namespace confer::test {
namespace {

/// Two representations of 80 samples with something in common and a spectrum that is not flat.
struct Data {
  Matrix<double> x, y;
};

Data related(unsigned seed, Index width_x, Index width_y) {
  Matrix<double> const shared = gaussian(80, 3, seed);
  return {added(gaussian(80, width_x, seed + 1), product(shared, gaussian(3, width_x, seed + 2)), 1.5),
          added(gaussian(80, width_y, seed + 3), product(shared, gaussian(3, width_y, seed + 4)), 1.5)};
}

class Contract : public ::testing::TestWithParam<Measure const*> {
 protected:
  Measure const& measure() const { return *GetParam(); }
  double at_self() const { return measure().kind == MeasureKind::similarity ? measure().highest : 0; }
  /// The arc cosine turns rounding of 1e-15 at its end into 3e-8.
  double tolerance_at_self() const { return measure().kind == MeasureKind::similarity ? 1e-12 : 1e-6; }
};

TEST_P(Contract, StaysInRange) {
  for (unsigned seed = 1; seed < 6; ++seed)
    for (auto const& [x, y] : {related(seed, 6, 6), related(seed, 4, 9), related(seed, 9, 4), related(seed, 1, 1)}) {
      double const value = score(measure(), x, y);
      EXPECT_GE(value, measure().lowest);
      EXPECT_LE(value, measure().highest);
    }
}

TEST_P(Contract, SeesSelfAsIdentical) {
  for (Index width : {1, 5, 12}) {
    Matrix<double> const x = related(7, width, 1).x;
    EXPECT_NEAR(score(measure(), x, x), at_self(), tolerance_at_self());
    EXPECT_GT(std::abs(score(measure(), x, related(9, width, 1).x) - at_self()), 0.01);
  }
}

TEST_P(Contract, IsSymmetricExactlyWhenItSaysSo) {
  auto const [x, y] = related(11, 6, 9);
  double const forth = score(measure(), x, y), back = score(measure(), y, x);
  if (measure().symmetric)
    EXPECT_NEAR(forth, back, 1e-12);
  else
    EXPECT_GT(std::abs(forth - back), 1e-3);
}

/// A transformation with the flags that promise nothing changes; `violated` where the table must not promise it.
struct Transformation {
  char const* name;
  unsigned flag;
  Matrix<double> (*apply)(Matrix<double> const&);
};

constexpr Transformation transformations[] = {
    {"translation", invariant_translation, [](Matrix<double> const& x) { return translated(x); }},
    {"scale", invariant_scale, [](Matrix<double> const& x) { return scaled(x, 1e-3); }},
    {"permutation", invariant_permutation, [](Matrix<double> const& x) { return neurons_reversed(x); }},
    {"rotation", invariant_orthogonal, [](Matrix<double> const& x) { return product(x, rotation(x.cols(), 21)); }},
    {"linear map", invariant_linear,
     [](Matrix<double> const& x) { return product(x, gaussian(x.cols(), x.cols(), 22)); }},
};

TEST_P(Contract, KeepsEachInvarianceAndClaimsAllItHas) {
  auto const [x, y] = related(13, 6, 8);
  double const value = score(measure(), x, y);
  for (auto const& [name, flag, apply] : transformations) {
    double const row = score(measure(), apply(x), y), column = score(measure(), x, apply(y));
    if (measure().row_invariances & flag)
      EXPECT_NEAR(row, value, 1e-10) << name << " of the row";
    else
      EXPECT_GT(std::abs(row - value), 1e-5) << name << " of the row is an invariance the table does not claim";
    if (measure().column_invariances & flag)
      EXPECT_NEAR(column, value, 1e-10) << name << " of the column";
    else
      EXPECT_GT(std::abs(column - value), 1e-5) << name << " of the column is an invariance the table does not claim";
  }
}

TEST_P(Contract, DoesNotDependOnTheOrderOfSamples) {
  if (measure().statistics == StatisticsKind::held_out) return;  // their numbers say when they are held out
  auto const [x, y] = related(17, 5, 7);
  std::vector<Index> order(80);
  for (Index i = 0; i < 80; ++i) order[static_cast<std::size_t>(i)] = (i * 37) % 80;
  EXPECT_NEAR(score(measure(), relabelled(x, order), relabelled(y, order)), score(measure(), x, y), 1e-12);
}

TEST_P(Contract, AsksForAllItReads) {
  if (measure().statistics != StatisticsKind::covariance) return;  // its statistics hold all there is
  auto const [x, y] = related(19, 5, 7);
  PlainFactor const fx = factor(x), fy = factor(y);
  PairWorkspace const pair(fx.view(), fy.view(), needs_everything);
  EXPECT_NEAR(score(measure(), x, y), measure().score(pair.stats()), 1e-12);
}

TEST_P(Contract, ChanceDependsOnRanksAloneExactlyWhenItSaysSo) {
  if (measure().chance == nullptr) {
    EXPECT_FALSE(measure().chance_by_rank);
    return;
  }
  auto const chance = [this](Matrix<double> const& x, Matrix<double> const& y) {
    PlainFactor const fx = factor(x, 1.0), fy = factor(y, 1.0);  // all components, so that they agree
    return measure().chance(PairWorkspace(fx.view(), fy.view(), measure().needs).stats()).value();
  };
  auto const [x, y] = related(23, 5, 7);
  auto const first = chance(x, y), second = chance(gaussian(80, 5, 1), gaussian(80, 7, 2));
  bool const same =
      first.mean == second.mean && first.standard_deviation == second.standard_deviation && first.shift == second.shift;
  EXPECT_EQ(same, measure().chance_by_rank);
}

TEST_P(Contract, ChanceIsThatOfRelabelledSamples) {
  if (measure().kernel_chance == nullptr) return;
  auto const [x, y] = related(29, 5, 7);
  ChanceLevel const level = measure().kernel_chance(kernel_stats(measure().kernel, x, y)).value();
  std::mt19937 generator(3);
  std::vector<Index> order(80);
  std::iota(order.begin(), order.end(), Index{0});
  Matrix<double> const k = kernel_of(measure().kernel, x), l = kernel_of(measure().kernel, y);
  constexpr int draws = 400;
  double sum = 0, squares = 0;
  for (int draw = 0; draw < draws; ++draw) {
    std::shuffle(order.begin(), order.end(), generator);
    Matrix<double> moved(80, 80);
    for (Index j = 0; j < 80; ++j)
      for (Index i = 0; i < 80; ++i)
        moved(i, j) = l(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(j)]);
    double const value = measure().kernel_score(kernel_stats(k, moved));
    sum += value;
    squares += value * value;
  }
  double const mean = sum / draws, deviation = std::sqrt(squares / draws - mean * mean);
  EXPECT_NEAR(mean, level.mean, 5 * level.standard_deviation / std::sqrt(double{draws}));
  EXPECT_NEAR(deviation, level.standard_deviation, 0.2 * level.standard_deviation);
}

TEST_P(Contract, IsUndefinedWhereNothingVaries) {
  if (measure().statistics != StatisticsKind::kernel) return;  // the engine never sees such a factor
  Matrix<double> constant(20, 3);
  EXPECT_TRUE(std::isnan(score(measure(), gaussian(20, 4, 1), constant)));
}

TEST_P(Contract, IsDocumented) {
  EXPECT_FALSE(std::string(measure().long_name).empty());
  EXPECT_FALSE(std::string(measure().formula).empty());
  EXPECT_FALSE(std::string(measure().reference).empty());
  EXPECT_LT(measure().lowest, measure().highest);
  for (unsigned flags : {measure().row_invariances, measure().column_invariances}) {
    EXPECT_TRUE(!(flags & invariant_linear) || (flags & invariant_orthogonal));
    EXPECT_TRUE(!(flags & invariant_orthogonal) || (flags & invariant_permutation));
  }
  EXPECT_TRUE(!measure().symmetric || measure().row_invariances == measure().column_invariances);
}

std::vector<Measure const*> tried_measures() {
  std::vector<Measure const*> chosen;
  for (Measure const* measure : all_measures())
    if (measure->statistics != StatisticsKind::neighbours &&
        std::string(measure->name) != "pwcca_google_compat")  // promises nothing: it depends on signs that LAPACK chooses
      chosen.push_back(measure);
  return chosen;
}

INSTANTIATE_TEST_SUITE_P(Measures, Contract, ::testing::ValuesIn(tried_measures()),
                         [](auto const& instance) { return std::string(instance.param->name); });

TEST(MeasureTable, NamesAreUniqueAndFound) {
  std::set<std::string> names;
  for (Measure const* measure : all_measures()) {
    EXPECT_TRUE(names.insert(measure->name).second) << measure->name;
    EXPECT_EQ(find_measure(measure->name), measure);
  }
  EXPECT_EQ(find_measure("CCA"), nullptr);
  EXPECT_EQ(find_measure("core"), nullptr);
}

TEST(MeasureTable, CoreIsTheDocumentedSetInItsOrder) {
  std::vector<std::string> names;
  for (Measure const* measure : select_measures({"core"})) names.emplace_back(measure->name);
  EXPECT_EQ(names, (std::vector<std::string>{"cca", "cca_r2", "svcca", "pwcca", "cka", "cka_debiased", "procrustes",
                                             "procrustes_angle", "regression"}));
}

TEST(MeasureTable, SelectionKeepsTableOrderWithoutRepeats) {
  auto const chosen = select_measures({"regression", "cca", "cca"});
  ASSERT_EQ(chosen.size(), 2u);
  EXPECT_STREQ(chosen[0]->name, "cca");
  EXPECT_EQ(select_measures({"all"}).size(), all_measures().size() - 1);  // one is for reproduction, by name only
  EXPECT_EQ(select_measures({"all", "core", "cka"}).size(), all_measures().size() - 1);
  EXPECT_EQ(select_measures({"all", "pwcca_google_compat"}).size(), all_measures().size());
}

TEST(MeasureTable, UnknownNamesAreRefusedWithTheKnownOnes) {
  try {
    select_measures({"cca", "pwca"});
    FAIL();
  } catch (UsageError const& error) {
    EXPECT_NE(std::string(error.what()).find("'pwca'"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("pwcca"), std::string::npos);
  }
}

}  // namespace
}  // namespace confer::test
