// Clusters that were planted, linkage worked out by hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "confer/linalg/clustering.hpp"
#include "confer/linalg/dense.hpp"

namespace confer {
namespace {

using Labels = std::vector<Index>;

struct Planted {
  Matrix<double> correlation;
  Labels truth;
};

/// Correlations of units that share one factor per group, plus noise, in shuffled order.
Planted planted_groups(std::vector<Index> const& sizes, double noise, Index samples, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  Labels truth;
  for (std::size_t g = 0; g < sizes.size(); ++g)
    truth.insert(truth.end(), static_cast<std::size_t>(sizes[g]), static_cast<Index>(g));
  std::ranges::shuffle(truth, generator);
  auto const units = static_cast<Index>(truth.size());
  Matrix<double> factors(samples, static_cast<Index>(sizes.size())), x(samples, units), correlation(units, units);
  for (Index i = 0; i < factors.size(); ++i) factors.data()[i] = normal(generator);
  for (Index j = 0; j < units; ++j)
    for (Index i = 0; i < samples; ++i)
      x(i, j) = factors(i, truth[static_cast<std::size_t>(j)]) + noise * normal(generator);
  gemm(1.0 / (static_cast<double>(samples) * (1 + noise * noise)), x, Op::transpose, x, Op::none, 0.0, correlation);
  return {correlation, truth};
}

TEST(SpectralClustering, RecoversPlantedGroupsAndTheirNumber) {
  auto const [correlation, truth] = planted_groups({16, 16, 16, 16, 16, 16, 16, 16}, 0.7, 3000, 1);
  SpectralOptions options;
  options.threshold = 0.2;
  auto const found = spectral_clusters(correlation.view(), options);
  EXPECT_EQ(found.clusters, 8);
  EXPECT_EQ(adjusted_rand_index(found.labels, truth), 1.0);
  for (std::size_t k = 0; k < 8; ++k) EXPECT_NEAR(found.eigenvalues[k], 0, 1e-12);
  EXPECT_GT(found.eigenvalues[8], 0.9);
  EXPECT_EQ(found.labels.front(), 0);
}

TEST(SpectralClustering, SeedsChangeNothingOnClearGroups) {
  auto const [correlation, truth] = planted_groups({5, 20, 9, 12}, 1.0, 4000, 2);
  for (std::uint64_t seed : {0U, 1U, 99U}) {
    SpectralOptions options;
    options.threshold = 0.05;
    options.clusters = 4;
    options.seed = seed;
    options.oversize = 0;
    auto const found = spectral_clusters(correlation.view(), options);
    EXPECT_GT(adjusted_rand_index(found.labels, truth), 0.99);
    EXPECT_EQ(found.labels, spectral_clusters(correlation.view(), options).labels);
  }
}

TEST(SpectralClustering, SplitsOversizedClustersAgain) {
  auto const [correlation, truth] = planted_groups({12, 12, 12, 12, 12, 12}, 0.7, 3000, 3);
  SpectralOptions options;
  options.threshold = 0.2;
  // Two clusters asked for, in a graph of six: at least one of them is too large.
  options.clusters = 2;
  options.oversize = 0;
  EXPECT_EQ(spectral_clusters(correlation.view(), options).clusters, 2);
  options.oversize = 0.3;
  auto const found = spectral_clusters(correlation.view(), options);
  // The first cut goes through a tie of equal groups: rounding decides where, and may cost a few items.
  EXPECT_GT(adjusted_rand_index(found.labels, truth), 0.8);
}

TEST(SpectralClustering, ItemsWithoutEdges) {
  Matrix<double> similarity(5, 5);
  similarity(3, 1) = 0.9;
  similarity(4, 0) = -0.8;
  for (Index i = 0; i < 5; ++i) similarity(i, i) = 1;
  auto const found = spectral_clusters(similarity.view());
  EXPECT_EQ(found.labels, (Labels{-1, 0, -1, 0, -1}));
  EXPECT_EQ(found.clusters, 1);
  EXPECT_EQ(spectral_clusters(Matrix<double>(3, 3).const_view()).labels, (Labels{-1, -1, -1}));
  EXPECT_TRUE(spectral_clusters(Matrix<double>(0, 0).const_view()).labels.empty());
  similarity(2, 1) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(spectral_clusters(similarity.view()), std::invalid_argument);
}

TEST(SpectralClustering, IdenticalItemsAreOneCluster) {
  Matrix<double> ones(7, 7);
  std::fill_n(ones.data(), 49, 1.0);
  EXPECT_EQ(spectral_clusters(ones.view()).clusters, 1);
}

/// Points 0, 1, 4, 6 and 20 on a line.
Matrix<double> line() {
  std::vector<double> const points = {4, 0, 20, 1, 6};
  Matrix<double> d(5, 5);
  for (Index j = 0; j < 5; ++j)
    for (Index i = 0; i < 5; ++i)
      d(i, j) = std::abs(points[static_cast<std::size_t>(i)] - points[static_cast<std::size_t>(j)]);
  return d;
}

TEST(Linkage, EqualsTheHandComputedTree) {
  auto const merges = average_linkage(line().view());
  // {0, 1} at 1; {4, 6} at 2; both at (4 + 6 + 3 + 5) / 4; all at (16 + 14 + 20 + 19) / 4.
  std::vector<Merge> const expected = {{1, 3, 1.0, 2}, {0, 4, 2.0, 2}, {5, 6, 4.5, 4}, {2, 7, 17.25, 5}};
  ASSERT_EQ(merges.size(), expected.size());
  for (std::size_t k = 0; k < expected.size(); ++k) {
    EXPECT_EQ(merges[k].left, expected[k].left);
    EXPECT_EQ(merges[k].right, expected[k].right);
    EXPECT_DOUBLE_EQ(merges[k].height, expected[k].height);
    EXPECT_EQ(merges[k].size, expected[k].size);
  }
  EXPECT_EQ(cut_tree(merges, 5, 1), (Labels{0, 0, 0, 0, 0}));
  EXPECT_EQ(cut_tree(merges, 5, 2), (Labels{0, 0, 1, 0, 0}));
  EXPECT_EQ(cut_tree(merges, 5, 3), (Labels{0, 1, 2, 1, 0}));
  EXPECT_EQ(cut_tree(merges, 5, 5), (Labels{0, 1, 2, 3, 4}));
  EXPECT_EQ(leaf_order(merges, 5), (Labels{2, 1, 3, 0, 4}));
  auto const joined = cophenetic_distances(merges, 5);
  EXPECT_EQ(joined(1, 3), 1.0);
  EXPECT_EQ(joined(3, 4), 4.5);
  EXPECT_EQ(joined(2, 0), 17.25);
  EXPECT_EQ(joined(2, 2), 0.0);
}

/// Average linkage as its definition says: join the two nearest clusters, O(n^3) and more.
std::vector<double> heights_by_definition(Matrix<double> const& d) {
  std::vector<Labels> clusters;
  for (Index i = 0; i < d.rows(); ++i) clusters.push_back({i});
  std::vector<double> heights;
  while (clusters.size() > 1) {
    double least = std::numeric_limits<double>::infinity();
    std::size_t best_a = 0, best_b = 0;
    for (std::size_t a = 0; a < clusters.size(); ++a)
      for (std::size_t b = a + 1; b < clusters.size(); ++b) {
        double sum = 0;
        for (Index i : clusters[a])
          for (Index j : clusters[b]) sum += d(i, j);
        sum /= static_cast<double>(clusters[a].size() * clusters[b].size());
        if (sum < least) {
          least = sum;
          best_a = a;
          best_b = b;
        }
      }
    heights.push_back(least);
    clusters[best_a].insert(clusters[best_a].end(), clusters[best_b].begin(), clusters[best_b].end());
    clusters.erase(clusters.begin() + static_cast<std::ptrdiff_t>(best_b));
  }
  return heights;
}

TEST(Linkage, EqualsTheDefinitionOnRandomDistances) {
  std::mt19937 generator(4);
  std::uniform_real_distribution<double> uniform;
  for (Index n : {2, 3, 10, 40}) {
    Matrix<double> d(n, n);
    for (Index j = 0; j < n; ++j)
      for (Index i = j + 1; i < n; ++i) d(i, j) = d(j, i) = uniform(generator);
    auto const merges = average_linkage(d.view());
    auto const expected = heights_by_definition(d);
    ASSERT_EQ(merges.size(), expected.size());
    for (std::size_t k = 0; k < expected.size(); ++k) EXPECT_NEAR(merges[k].height, expected[k], 1e-14);
    auto order = leaf_order(merges, n);
    std::ranges::sort(order);
    for (Index i = 0; i < n; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
    for (Index k = 1; k <= n; ++k) {
      auto const labels = cut_tree(merges, n, k);
      EXPECT_EQ(std::ranges::max(labels) + 1, k);
    }
  }
}

TEST(Linkage, TiesAndSmallInputs) {
  Matrix<double> const equal(6, 6);
  auto const merges = average_linkage(equal.view());
  ASSERT_EQ(merges.size(), 5U);
  EXPECT_EQ(merges.back().size, 6);
  EXPECT_TRUE(average_linkage(Matrix<double>(1, 1).const_view()).empty());
  EXPECT_TRUE(average_linkage(Matrix<double>(0, 0).const_view()).empty());
  EXPECT_EQ(leaf_order({}, 1), Labels{0});
  EXPECT_TRUE(leaf_order({}, 0).empty());
  auto broken = line();
  broken(4, 1) = std::numeric_limits<double>::infinity();
  EXPECT_THROW(average_linkage(broken.view()), std::invalid_argument);
}

TEST(AdjustedRandIndex, KnownValues) {
  // Contingency table [[2, 1], [0, 3]]: (4 - 2.8) / (6.5 - 2.8).
  EXPECT_NEAR(adjusted_rand_index(Labels{0, 0, 0, 1, 1, 1}, Labels{0, 0, 1, 1, 1, 1}), 12.0 / 37.0, 1e-15);
  EXPECT_EQ(adjusted_rand_index(Labels{0, 0, 1, 1}, Labels{5, 5, -1, -1}), 1.0);
  EXPECT_NEAR(adjusted_rand_index(Labels{0, 0, 1, 1}, Labels{0, 1, 0, 1}), -0.5, 1e-15);
  EXPECT_EQ(adjusted_rand_index(Labels{0, 0, 0}, Labels{1, 1, 1}), 1.0);
  EXPECT_EQ(adjusted_rand_index(Labels{0, 1, 2}, Labels{2, 0, 1}), 1.0);
  EXPECT_EQ(adjusted_rand_index(Labels{}, Labels{}), 1.0);
  EXPECT_THROW(adjusted_rand_index(Labels{0}, Labels{}), std::invalid_argument);
}

}  // namespace
}  // namespace confer
