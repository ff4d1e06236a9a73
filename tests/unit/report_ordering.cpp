// Clusters and orders of the rows of a matrix of pairs.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "report/ordering.hpp"
#include "support/synthetic_results.hpp"

namespace confer::report {
namespace {

TEST(ReportOrdering, PlantedGroupsAreFoundAndCounted) {
  std::size_t const n = 15;
  std::vector<double> d(n * n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      if (i != j) d[i * n + j] = i % 3 == j % 3 ? 0.1 : 0.9;
  auto const linkage = linkage_of(d, n);
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
  EXPECT_EQ(best_cut(linkage_of(d, n), d, 8), 1u);
  EXPECT_EQ(linkage_of({0}, 1).leaves, std::vector<std::size_t>{0});
}

TEST(ReportOrdering, WhatWasNotComparedIsNotNear) {
  auto results = testing::synthetic_comparison({});
  for (auto& variable : results.variables)
    if (variable.name == "cka") std::get<std::vector<double>>(variable.data)[1] = std::nan("");
  auto c = view_comparison(results, "x.h5");
  EXPECT_NEAR(distance(c, c.leading(), 0, 1), 0.6, 1e-3) << "one direction is known";
  for (auto& variable : results.variables)
    if (variable.name == "cka") std::get<std::vector<double>>(variable.data)[9] = std::nan("");
  EXPECT_TRUE(std::isnan(distance(c, c.leading(), 0, 1)));
  auto const d = distances_between(c, c.leading(), {0, 1, 2, 8});
  EXPECT_EQ(d[1], *std::max_element(d.begin(), d.end()));
  EXPECT_NEAR(d[1], 0.8, 1e-3);
  EXPECT_EQ(distance(c, c.leading(), 1, 1), 0);
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
