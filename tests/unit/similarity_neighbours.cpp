/// Nearest neighbours, their measures and their chance levels.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "confer/linalg/neighbours.hpp"
#include "confer/similarity/measure.hpp"
#include "unit/kernel_fixtures.hpp"

namespace confer::test {
namespace {

Matrix<double> transposed(Matrix<double> const& x) {
  Matrix<double> out(x.cols(), x.rows());
  for (Index i = 0; i < x.rows(); ++i)
    for (Index k = 0; k < x.cols(); ++k) out(k, i) = x(i, k);
  return out;
}

NeighbourLists lists_of(Matrix<double> const& x, Index k, Nearness nearness = Nearness::distance) {
  return nearest_neighbours(transposed(x).view(), k, nearness);
}

/// By sorting everything.
std::vector<std::int32_t> sorted_neighbours(Matrix<double> const& x, Index k, Nearness nearness) {
  Matrix<double> const d = squared_distances(x);
  std::vector<std::int32_t> all;
  for (Index i = 0; i < x.rows(); ++i) {
    std::vector<std::int32_t> order(static_cast<std::size_t>(x.rows()));
    std::iota(order.begin(), order.end(), 0);
    order.erase(order.begin() + i);
    auto const far = [&](std::int32_t j) {
      if (nearness == Nearness::distance) return d(i, j);
      double inner = 0;
      for (Index f = 0; f < x.cols(); ++f) inner += x(i, f) * x(j, f);
      return -inner;
    };
    std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) { return far(a) < far(b); });
    all.insert(all.end(), order.begin(), order.begin() + k);
  }
  return all;
}

TEST(Neighbours, AreThoseOfAFullSort) {
  for (Nearness const nearness : {Nearness::distance, Nearness::inner_product})
    for (Index n : {12, 300, 700}) {
      Matrix<double> const x = gaussian(n, 5, static_cast<unsigned>(n));
      EXPECT_EQ(lists_of(x, 10, nearness).indices, sorted_neighbours(x, 10, nearness)) << n;
    }
}

TEST(Neighbours, TiesGoToTheSmallerNumberAndNoneIsItsOwn) {
  Matrix<double> grid(400, 2);
  for (Index i = 0; i < 400; ++i) {
    grid(i, 0) = static_cast<double>(i % 5);
    grid(i, 1) = static_cast<double>(i / 5 % 5);  // every place 16 times
  }
  NeighbourLists const lists = lists_of(grid, 20);
  EXPECT_EQ(lists.indices, sorted_neighbours(grid, 20, Nearness::distance));
  for (Index i = 0; i < 400; ++i)
    EXPECT_EQ(std::count(lists.indices.begin() + 20 * i, lists.indices.begin() + 20 * (i + 1), i), 0);
}

TEST(Neighbours, SamplesWithoutDirectionAreAsNearToAll) {
  Matrix<double> x = gaussian(300, 5, 6);
  for (Index const zero : {0, 100, 280})
    for (Index f = 0; f < 5; ++f) x(zero, f) = 0;
  EXPECT_EQ(lists_of(x, 10, Nearness::inner_product).indices, sorted_neighbours(x, 10, Nearness::inner_product));
  Matrix<double> const none(300, 5);
  for (Nearness const nearness : {Nearness::distance, Nearness::inner_product})
    EXPECT_EQ(lists_of(none, 10, nearness).indices, sorted_neighbours(none, 10, nearness));
}

TEST(Neighbours, SquaresMayLeaveTheRangeOfSinglePrecision) {
  Matrix<double> const x = gaussian(300, 5, 7);
  for (Nearness const nearness : {Nearness::distance, Nearness::inner_product})
    for (double const scale : {1e25, 1e-25}) {
      Matrix<double> far = x;
      for (double& value : std::span(far.data(), 300 * 5)) value *= scale;
      EXPECT_EQ(lists_of(far, 10, nearness).indices, sorted_neighbours(x, 10, nearness)) << scale;
    }
}

TEST(Neighbours, InnerProductsAreMadeWhereTheyAreAskedFor) {
  Matrix<double> const x = gaussian(300, 5, 8);
  NeighbourLists const whole = lists_of(x, 10);
  NeighbourLists const plain =
      nearest_neighbours(transposed(x).view(), 10, Nearness::distance, NeighbourDetail::indices);
  EXPECT_EQ(plain.indices, whole.indices);
  EXPECT_TRUE(plain.inner_products.empty());
  ASSERT_EQ(whole.inner_products.size(), whole.indices.size());
  for (std::size_t at = 0; at < whole.indices.size(); ++at) {
    double product = 0;
    for (Index f = 0; f < 5; ++f) product += x(static_cast<Index>(at) / 10, f) * x(whole.indices[at], f);
    EXPECT_NEAR(whole.inner_products[at], product, 1e-12);
  }
}

TEST(Neighbours, ListsInCommon) {
  std::mt19937 generator(9);
  for (Index const n : {2, 9, 100})
    for (Index const k : {1, 3, 8, 10, 17, 64, 80}) {
      if (k > n) continue;
      std::vector<std::int32_t> all(static_cast<std::size_t>(n)), lists[2];
      std::iota(all.begin(), all.end(), 0);
      for (auto& list : lists)
        for (Index i = 0; i < n; ++i) {
          std::shuffle(all.begin(), all.end(), generator);
          list.insert(list.end(), all.begin(), all.begin() + k);
        }
      std::vector<Index> const common = common_neighbours(lists[0], lists[1], n, k);
      for (Index i = 0; i < n; ++i) {
        auto const begin = lists[0].begin() + i * k;
        Index expected = 0;
        for (Index r = 0; r < k; ++r)
          expected += std::count(begin, begin + k, lists[1][static_cast<std::size_t>(i * k + r)]);
        EXPECT_EQ(common[static_cast<std::size_t>(i)], expected) << n << " " << k;
      }
    }
}

TEST(Neighbours, MutualOnes) {
  for (Index const k : {1, 8, 10, 50}) {
    NeighbourLists const lists = lists_of(gaussian(90, 3, 11), k);
    Index expected = 0;
    for (Index i = 0; i < 90; ++i)
      for (Index r = 0; r < k; ++r) {
        auto const back = lists.indices.begin() + k * lists.indices[static_cast<std::size_t>(i * k + r)];
        expected += std::count(back, back + k, i);
      }
    EXPECT_EQ(mutual_neighbours(lists.indices, 90, k), expected);
    EXPECT_GT(expected, 0);
  }
}

TEST(Neighbours, FewSamples) {
  EXPECT_EQ(lists_of(gaussian(4, 2, 1), 10).k, 3);
  EXPECT_EQ(lists_of(gaussian(1, 2, 1), 10).k, 0);
}

NeighbourStats stats_of(NeighbourLists const& x, NeighbourLists const& y) {
  return {x.samples, x.k, {x.indices, x.inner_products}, {y.indices, y.inner_products}};
}

double score(char const* name, Matrix<double> const& x, Matrix<double> const& y, Index k = 10) {
  NeighbourLists const a = lists_of(x, k, Nearness::inner_product), b = lists_of(y, k, Nearness::inner_product);
  return find_measure(name)->neighbour_score(stats_of(a, b));
}

/// Rows of norm 1.
Matrix<double> directions(Matrix<double> x) {
  for (Index i = 0; i < x.rows(); ++i) {
    double norm = 0;
    for (Index k = 0; k < x.cols(); ++k) norm += x(i, k) * x(i, k);
    for (Index k = 0; k < x.cols(); ++k) x(i, k) /= std::sqrt(norm);
  }
  return x;
}

constexpr char const* names[] = {"knn_mutual", "knn_jaccard", "knn_cycle", "knn_lcs", "cknna"};

TEST(NeighbourMeasures, ContractOfEveryEntry) {
  Matrix<double> const shared = gaussian(200, 4, 1);
  Matrix<double> const x = directions(added(product(shared, gaussian(4, 8, 2)), gaussian(200, 8, 3), 0.7));
  Matrix<double> const y = directions(added(product(shared, gaussian(4, 6, 4)), gaussian(200, 6, 5), 0.7));
  for (char const* name : names) {
    Measure const& measure = *find_measure(name);
    EXPECT_EQ(measure.statistics, StatisticsKind::neighbours);
    double const value = score(name, x, y);
    EXPECT_GT(value, 0.05) << name;
    EXPECT_LT(value, 0.9) << name;
    if (std::string(name) != "knn_cycle") {
      EXPECT_NEAR(score(name, x, x), 1, 1e-12) << name;
    }
    EXPECT_NEAR(score(name, product(x, rotation(8, 6)), y), value, 1e-10) << name;
    EXPECT_NEAR(score(name, neurons_reversed(x), y), value, 1e-12) << name;
    EXPECT_NEAR(score(name, scaled(x, 3), y), value, 1e-12) << name;
    if (measure.symmetric)
      EXPECT_NEAR(score(name, y, x), value, 1e-12) << name;
    else
      EXPECT_NE(score(name, y, x), value) << name;
  }
}

/// With all others as neighbours, masked kernels are whole ones.
TEST(NeighbourMeasures, AllNeighboursMakeDebiasedKernels) {
  Matrix<double> const x = directions(gaussian(40, 5, 1)), y = directions(added(gaussian(40, 5, 2), x, 1.5));
  auto const gram = [](Matrix<double> const& m) { return product(m, transposed(m)); };
  double const expected = u_centred(kernel_stats(gram(x), gram(y))).cosine();
  EXPECT_NEAR(score("cknna", x, y, 39), expected, 1e-12);
  EXPECT_TRUE(std::isnan(score("cknna", x, y, 1)));
}

TEST(NeighbourMeasures, SmallListsByHand) {
  std::vector<std::int32_t> const x = {1, 2, 3, 2, 0, 3, 3, 0, 1, 2, 1, 0}, y = {2, 1, 3, 0, 2, 3, 3, 0, 1, 0, 1, 2};
  std::vector<double> const ones(12, 1.0);
  // All three others are neighbours: sets agree, orders do not: common subsequences of lengths 2, 2, 3 and 1.
  NeighbourStats const stats{4, 3, {x, ones}, {y, ones}};
  EXPECT_EQ(find_measure("knn_mutual")->neighbour_score(stats), 1);
  EXPECT_EQ(find_measure("knn_jaccard")->neighbour_score(stats), 1);
  EXPECT_EQ(find_measure("knn_cycle")->neighbour_score(stats), 1);
  EXPECT_NEAR(find_measure("knn_lcs")->neighbour_score(stats), 8.0 / 12, 1e-15);
}

TEST(NeighbourMeasures, ChanceIsThatOfRelabelledSamples) {
  Index const n = 120, k = 6;
  NeighbourLists const a = lists_of(gaussian(n, 3, 1), k), b = lists_of(gaussian(n, 4, 2), k);
  NeighbourGraph const ga = neighbour_graph(stats_of(a, b).x, n, k), gb = neighbour_graph(stats_of(a, b).y, n, k);
  std::mt19937 generator(5);
  std::vector<std::int32_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  for (char const* name : {"knn_mutual", "knn_jaccard"}) {
    Measure const& measure = *find_measure(name);
    ChanceLevel const level = measure.neighbour_chance(ga, gb).value();
    if (std::string(name) == "knn_mutual") {
      EXPECT_NEAR(level.mean, 6.0 / 119, 1e-12);
    }
    double sum = 0, squares = 0;
    constexpr int draws = 4000;
    for (int draw = 0; draw < draws; ++draw) {
      std::shuffle(order.begin(), order.end(), generator);
      NeighbourLists moved = b;
      for (Index i = 0; i < n; ++i)
        for (Index r = 0; r < k; ++r)
          moved.indices[static_cast<std::size_t>(order[static_cast<std::size_t>(i)] * k + r)] =
              order[static_cast<std::size_t>(b.indices[static_cast<std::size_t>(i * k + r)])];
      double const value = measure.neighbour_score(stats_of(a, moved));
      sum += value;
      squares += value * value;
    }
    double const mean = sum / draws, deviation = std::sqrt(squares / draws - mean * mean);
    EXPECT_NEAR(mean, level.mean, 5 * level.standard_deviation / std::sqrt(double{draws})) << name;
    EXPECT_NEAR(deviation, level.standard_deviation, 0.06 * level.standard_deviation) << name;
  }
}

/// Overlaps of one sample are hypergeometric: mean and variance in closed form, also where single chances underflow.
TEST(NeighbourMeasures, ChanceOfLongLists) {
  for (auto const& [n, k] : {std::pair<Index, Index>{30, 20}, {4000, 1500}, {4000, 3999}}) {
    auto const edges = static_cast<double>(n * k);
    NeighbourGraph const graph{n, k, edges * static_cast<double>(k) / static_cast<double>(n - 1),
                               static_cast<double>(n * k * k)};
    ChanceLevel const level = find_measure("knn_mutual")->neighbour_chance(graph, graph).value();
    EXPECT_NEAR(level.mean, static_cast<double>(k) / static_cast<double>(n - 1), 1e-10) << n << " " << k;
    EXPECT_TRUE(std::isfinite(level.standard_deviation));
  }
}

}  // namespace
}  // namespace confer::test
