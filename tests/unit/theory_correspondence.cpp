/// Best partners, matchings and their controls on planted correspondences.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "confer/theory/correspondence.hpp"
#include "unit/pair_fixtures.hpp"

namespace confer::test {
namespace {

Matrix<double> columns_in_order(Matrix<double> const& x, std::vector<Index> const& order) {
  Matrix<double> result(x.rows(), static_cast<Index>(order.size()));
  for (Index j = 0; j < result.cols(); ++j)
    std::copy_n(x.view().column(order[static_cast<std::size_t>(j)]), x.rows(), result.view().column(j));
  return result;
}

std::vector<Index> mixed(Index count) {
  std::vector<Index> order;
  for (Index i = 0; i < count; ++i) order.push_back((i * 29 + 7) % count);
  return order;
}

TEST(Correspondence, APlantedPermutationIsFoundAtEveryNoise) {
  Matrix<double> const x = gaussian(2000, 64, 1);
  auto const order = mixed(64);
  for (double const ratio : {1e30, 4.0, 1.0, 0.25}) {
    Matrix<double> const y = added(columns_in_order(x, order), gaussian(2000, 64, 2), std::sqrt(1 / ratio));
    Matrix<double> const r = neuron_correlations(x, y);
    OneToOne const found = match_one_to_one(r);
    for (Index j = 0; j < 64; ++j)
      EXPECT_EQ(found.partner.index[static_cast<std::size_t>(order[static_cast<std::size_t>(j)])], j);
    EXPECT_NEAR(found.mean(), std::sqrt(ratio / (1 + ratio)), 0.01);
    EXPECT_DOUBLE_EQ(agreement(best_of_rows(r), found.partner), 1.0);
  }
}

TEST(Correspondence, ARotationKeepsTheSubspaceAndLosesTheNeurons) {
  Matrix<double> const x = gaussian(2000, 64, 3);
  Matrix<double> const r = neuron_correlations(x, x), q = random_rotation(64, 5);
  std::vector<double> deviations;
  Matrix<double> const c = centred(x);
  for (Index j = 0; j < 64; ++j) {
    double squares = 0;
    for (double const value : c.view().column_span(j)) squares += value * value;
    deviations.push_back(std::sqrt(squares));
  }
  Matrix<double> const rotated = rotated_correlations(r, r, deviations, q),
                       direct = neuron_correlations(x, product(x, q));
  for (Index i = 0; i < rotated.size(); ++i) EXPECT_NEAR(rotated.data()[i], direct.data()[i], 1e-12);
  EXPECT_NEAR(match_one_to_one(rotated).mean(), 0.28, 0.03);
  EXPECT_NEAR(score("procrustes", x, product(x, q)), 1, 1e-12);
}

TEST(Correspondence, RandomRotationsAreOrthogonalAndRepeatable) {
  Matrix<double> const q = random_rotation(100, 9), same = random_rotation(100, 9), other = random_rotation(100, 10);
  Matrix<double> gram(100, 100);
  gemm(1, q.view(), Op::transpose, q.view(), Op::none, 0, gram);
  double largest = 0;
  for (Index j = 0; j < 100; ++j)
    for (Index i = 0; i < 100; ++i) {
      EXPECT_NEAR(gram(i, j), i == j ? 1 : 0, 1e-13);
      largest = std::max(largest, std::abs(q(i, j)));
    }
  EXPECT_LT(largest, 0.6);  // entries like those of a random direction
  EXPECT_EQ(q(3, 4), same(3, 4));
  EXPECT_NE(q(3, 4), other(3, 4));
}

TEST(Correspondence, BestPartnersAreNeverWorseThanMatchedOnes) {
  for (unsigned seed = 0; seed < 5; ++seed) {
    Matrix<double> const r = gaussian(30, 40, seed);
    Partners const best = best_of_rows(r), back = best_of_columns(r);
    OneToOne const found = match_one_to_one(r);
    EXPECT_GE(best.mean(), found.mean());
    for (Index i = 0; i < 30; ++i) {
      auto const k = static_cast<std::size_t>(i);
      EXPECT_GE(best.value[k], found.partner.value[k]);
      EXPECT_EQ(best.value[k], r(i, best.index[k]));
    }
    EXPECT_EQ(back.index.size(), 40u);
  }
}

TEST(Correspondence, EquallyGoodPartnersGoToTheFirst) {
  Matrix<double> r(2, 3);
  EXPECT_EQ(best_of_rows(r).index, (std::vector<Index>{0, 0}));
  EXPECT_EQ(best_of_columns(r).index, (std::vector<Index>{0, 0, 0}));
}

TEST(Correspondence, TheOrderPutsMatchedPairsSideBySide) {
  std::vector<Index> const column_of_row = {2, -1, 4, 1, 0};
  MatchedOrder const order = matched_order(column_of_row, 6);
  EXPECT_EQ(order.rows, (std::vector<Index>{0, 2, 4, 3, 1}));  // 0 -> 2 -> 4 -> 0; 3 -> 1, which is single
  EXPECT_EQ(order.columns, (std::vector<Index>{2, 4, 0, 1, 3, 5}));
}

TEST(Correspondence, NobodyThereHasNoPartner) {
  Matrix<double> const r(3, 0);
  EXPECT_EQ(best_of_rows(r).index, (std::vector<Index>{-1, -1, -1}));
  EXPECT_TRUE(std::isnan(match_one_to_one(r).mean()));
  EXPECT_TRUE(std::isnan(agreement(best_of_rows(r), match_one_to_one(r).partner)));
}

}  // namespace
}  // namespace confer::test
