// Average-linkage clustering against a direct computation, cuts, and the orders of rows.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

#include "report/ordering.hpp"
#include "support/synthetic_results.hpp"

namespace confer::report {
namespace {

std::vector<double> random_distances(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(0.1, 1);
  std::vector<double> d(n * n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < i; ++j) d[i * n + j] = d[j * n + i] = uniform(random);
  return d;
}

/// Heights by the definition: always join the two clusters with the least mean distance.
std::vector<double> heights_by_definition(std::vector<double> const& d, std::size_t n) {
  std::vector<std::vector<std::size_t>> clusters(n);
  for (std::size_t i = 0; i < n; ++i) clusters[i] = {i};
  std::vector<double> heights;
  while (clusters.size() > 1) {
    double least = 1e300;
    std::size_t a = 0, b = 0;
    for (std::size_t x = 0; x < clusters.size(); ++x)
      for (std::size_t y = x + 1; y < clusters.size(); ++y) {
        double sum = 0;
        for (auto const i : clusters[x])
          for (auto const j : clusters[y]) sum += d[i * n + j];
        sum /= static_cast<double>(clusters[x].size() * clusters[y].size());
        if (sum < least) least = sum, a = x, b = y;
      }
    heights.push_back(least);
    clusters[a].insert(clusters[a].end(), clusters[b].begin(), clusters[b].end());
    clusters.erase(clusters.begin() + static_cast<std::ptrdiff_t>(b));
  }
  return heights;
}

TEST(ReportOrdering, LinkageHasTheHeightsOfTheDefinition) {
  for (unsigned seed = 0; seed < 5; ++seed) {
    std::size_t const n = 12 + seed;
    auto const d = random_distances(n, seed);
    auto const linkage = average_linkage(d, n);
    auto const expected = heights_by_definition(d, n);
    ASSERT_EQ(linkage.merges.size(), n - 1);
    for (std::size_t i = 0; i + 1 < n; ++i) EXPECT_NEAR(linkage.merges[i].height, expected[i], 1e-12);
    EXPECT_EQ(linkage.merges.back().leaves, n);
    EXPECT_EQ(std::set<std::size_t>(linkage.leaves.begin(), linkage.leaves.end()).size(), n);
  }
}

TEST(ReportOrdering, PlantedGroupsAreFoundAndCounted) {
  std::size_t const n = 15;
  std::vector<double> d(n * n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      if (i != j) d[i * n + j] = i % 3 == j % 3 ? 0.1 : 0.9;
  d[1] = d[n] = std::nan("");  // one unknown pair changes nothing
  auto const linkage = average_linkage(d, n);
  EXPECT_EQ(best_cut(linkage, d, 8), 3u);
  auto const cluster = linkage.cut(3);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) EXPECT_EQ(cluster[i] == cluster[j], i % 3 == j % 3) << i << " " << j;
  for (std::size_t k = 1; k < n; ++k)
    EXPECT_LE(cluster[linkage.leaves[k - 1]], cluster[linkage.leaves[k]]) << "clusters are numbered along the leaves";
}

TEST(ReportOrdering, EqualDistancesHaveNoClusters) {
  std::size_t const n = 9;
  std::vector<double> d(n * n, 0.5);
  for (std::size_t i = 0; i < n; ++i) d[i * n + i] = 0;
  EXPECT_EQ(best_cut(average_linkage(d, n), d, 8), 1u);
  EXPECT_EQ(average_linkage({0}, 1).leaves, std::vector<std::size_t>{0});
}

TEST(ReportOrdering, RowsByNetworkAndByDepth) {
  auto const results =
      testing::synthetic_comparison({.networks = {"b", "a"}, .steps = {5, 1}, .layers = {"in", "out"}});
  auto const c = view_comparison(results, "x.h5");
  EXPECT_EQ(order_by_network(c), (std::vector<std::size_t>{2, 3, 0, 1, 6, 7, 4, 5}));
  EXPECT_EQ(order_by_depth(c), (std::vector<std::size_t>{2, 0, 6, 4, 3, 1, 7, 5}));
  EXPECT_EQ(c.short_label[0], "b@5/in");
  EXPECT_EQ(c.final_checkpoints(), (std::vector<std::size_t>{0, 2}));
}

}  // namespace
}  // namespace confer::report
