/// Measures made of neurons against their definitions, and what standardised neurons have to withstand.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "confer/linalg/factor.hpp"
#include "confer/similarity/neurons.hpp"
#include "unit/pair_fixtures.hpp"

namespace confer::test {
namespace {

NeuronMoments moments_of(Matrix<double> const& data) {
  return neuron_moments(data.rows(), data.cols(), [&](Index begin, MatrixView<double> out) {
    for (Index i = 0; i < out.cols; ++i)
      for (Index j = 0; j < out.rows; ++j) out(j, i) = data(begin + i, j);
  });
}

double semi(Matrix<double> const& correlations) {
  double sum = 0;
  for (Index i = 0; i < correlations.rows(); ++i) {
    double best = -2;
    for (Index j = 0; j < correlations.cols(); ++j) best = std::max(best, correlations(i, j));
    sum += best / static_cast<double>(correlations.rows());
  }
  return sum;
}

/// The best matching by trying all.
double best_of_all(Matrix<double> const& correlations) {
  std::vector<Index> order(static_cast<std::size_t>(correlations.cols()));
  std::iota(order.begin(), order.end(), Index{0});
  double best = -100;
  do {
    double sum = 0;
    for (Index i = 0; i < correlations.rows(); ++i) sum += correlations(i, order[static_cast<std::size_t>(i)]);
    best = std::max(best, sum / static_cast<double>(correlations.rows()));
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

TEST(Neurons, MeasuresEqualTheirDefinitions) {
  for (unsigned seed : {1u, 2u, 3u}) {
    auto const x = gaussian(40, 4, seed), y = added(gaussian(40, 6, seed + 10), product(x, gaussian(4, 6, 3)), 0.3);
    Matrix<double> const r = neuron_correlations(x, y), back = neuron_correlations(y, x);
    EXPECT_NEAR(score("match_semi", x, y), semi(r), 1e-12);
    EXPECT_NEAR(score("match_semi", y, x), semi(back), 1e-12);
    EXPECT_NEAR(score("match_one_to_one", x, y), best_of_all(r), 1e-12);
    EXPECT_NEAR(score("match_one_to_one", y, x), best_of_all(r), 1e-12);
    EXPECT_GE(score("match_semi", x, y), score("match_one_to_one", x, y));
  }
}

TEST(Neurons, ASinglePairOfNeuronsIsItsSignedCorrelation) {
  Matrix<double> const x = gaussian(30, 1, 5), y = added(gaussian(30, 1, 6), x, -2.0);
  double const r = neuron_correlations(x, y)(0, 0);
  EXPECT_LT(r, -0.5);
  EXPECT_NEAR(score("match_semi", x, y), r, 1e-14);
  EXPECT_NEAR(score("match_one_to_one", x, y), r, 1e-14);
}

TEST(Neurons, NothingToMatchHasNoValue) {
  Matrix<double> const x = gaussian(30, 3, 5), dead(30, 2);
  for (auto const* name : {"match_semi", "match_one_to_one"}) {
    EXPECT_TRUE(std::isnan(score(name, x, dead)));
    EXPECT_TRUE(std::isnan(score(name, dead, x)));
  }
}

TEST(Neurons, DeadOnesAreLeftOutAtAnyValue) {
  Matrix<double> x = gaussian(50, 6, 7);
  for (Index i = 0; i < 50; ++i) {
    x(i, 1) = 0;
    x(i, 3) = 0.1;
    x(i, 4) = 0.3 * (1 + (i % 2 == 0 ? 2e-16 : 0.0));  // as the average of equal values may come out
  }
  EXPECT_EQ(moments_of(x).live, (std::vector<Index>{0, 2, 5}));
}

TEST(Neurons, EachIsAccurateRelativeToItsOwnSpread) {
  Matrix<double> const base = gaussian(500, 3, 8);
  Matrix<double> x = base;
  for (Index i = 0; i < 500; ++i) {
    x(i, 0) = 1e8 * base(i, 0);
    x(i, 1) = 1e-9 * base(i, 1) + 1e-3;
    x(i, 2) = base(i, 2) + 1e5;
  }
  Matrix<double> const r = neuron_correlations(x, base);
  for (Index j = 0; j < 3; ++j) EXPECT_NEAR(r(j, j), 1, 1e-9);
}

/// Moments are taken about the mean of the first block, which may be far from all others.
TEST(Neurons, AFirstBlockUnlikeTheRestCostsNoAccuracy) {
  Index const rows = 40000, head = rows_per_block(1);
  ASSERT_LT(head, rows / 2);
  Matrix<double> x(rows, 1);
  for (Index i = 0; i < rows; ++i) x(i, 0) = i < head ? 0.1 : 1e6 + static_cast<double>(i % 2);
  NeuronMoments const moments = moments_of(x);
  double const n = static_cast<double>(rows), h = static_cast<double>(head), mean = 1e6 + 0.5 - 0.1;
  double const spread = std::sqrt(h * (n - h) / n * mean * mean + (n - h) / 4);
  EXPECT_NEAR(moments.mean[0] / (0.1 + (n - h) / n * mean), 1, 1e-12);
  EXPECT_NEAR(moments.norm[0] / spread, 1, 1e-12);
}

TEST(Neurons, SinglePrecisionGivesTheSameMoments) {
  Matrix<double> const x = translated(gaussian(70, 1000, 11));  // features x rows
  Matrix<float> single(70, 1000);
  Matrix<double> same(70, 1000);
  for (Index i = 0; i < x.size(); ++i) {
    single.data()[i] = static_cast<float>(x.data()[i]);
    same.data()[i] = static_cast<double>(single.data()[i]);
  }
  NeuronSums a(70), b(70);
  for (Index const begin : {0, 3, 500}) {
    Index const count = begin == 0 ? 3 : begin == 3 ? 497 : 500;
    a.add(single.view().block(0, begin, 70, count));
    b.add(same.view().block(0, begin, 70, count));
  }
  NeuronMoments const from_single = a.moments(), from_double = b.moments();
  for (std::size_t j = 0; j < 70; ++j) {
    EXPECT_DOUBLE_EQ(from_single.mean[j], from_double.mean[j]);
    EXPECT_DOUBLE_EQ(from_single.norm[j], from_double.norm[j]);
  }
  EXPECT_EQ(from_single.live, from_double.live);
}

TEST(Neurons, SomeLiveOnesAmongDeadOnesAreStandardisedAlike) {
  Matrix<double> x = gaussian(100, 90, 12), only(100, 60);
  for (Index j = 0, k = 0; j < 90; ++j) {
    bool const dead = j % 3 == 0;
    for (Index i = 0; i < 100; ++i) {
      if (dead)
        x(i, j) = 2;
      else
        only(i, k) = x(i, j);
    }
    k += dead ? 0 : 1;
  }
  Matrix<double> const some = neuron_correlations(x, x), all = neuron_correlations(only, only);
  ASSERT_EQ(some.rows(), 60);
  for (Index i = 0; i < some.size(); ++i) EXPECT_NEAR(some.data()[i], all.data()[i], 1e-14);
}

TEST(Neurons, StandardisedColumnsHaveMeanZeroAndNormOne) {
  Matrix<double> const x = translated(gaussian(3000, 70, 9));
  NeuronMoments const moments = moments_of(x);
  Matrix<double> block(70, 3000), out(3000, 70);
  for (Index i = 0; i < 3000; ++i)
    for (Index j = 0; j < 70; ++j) block(j, i) = x(i, j);
  standardise(moments, block, out);
  for (Index j = 0; j < 70; ++j) {
    double sum = 0, squares = 0;
    for (double const value : out.view().column_span(j)) sum += value, squares += value * value;
    EXPECT_NEAR(sum, 0, 1e-12);
    EXPECT_NEAR(squares, 1, 1e-13);
  }
}

}  // namespace
}  // namespace confer::test
