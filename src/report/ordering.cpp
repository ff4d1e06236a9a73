#include "report/ordering.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

namespace confer::report {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

Linkage linkage_of(std::vector<double> distances, std::size_t n) {
  Linkage linkage;
  if (n == 0) return linkage;
  auto const size = static_cast<Index>(n);
  linkage.merges = average_linkage({distances.data(), size, size, size});
  for (Index const leaf : leaf_order(linkage.merges, size)) linkage.leaves.push_back(static_cast<std::size_t>(leaf));
  return linkage;
}

std::vector<std::size_t> Linkage::cut(std::size_t count) const {
  std::size_t const n = leaves.size();
  auto const labels = cut_tree(merges, static_cast<Index>(n), static_cast<Index>(std::clamp<std::size_t>(count, 1, n)));
  std::vector<std::size_t> renumbered(n, n), cluster(n);
  std::size_t next = 0;
  for (std::size_t const leaf : leaves) {
    auto& number = renumbered[static_cast<std::size_t>(labels[leaf])];
    if (number == n) number = next++;
    cluster[leaf] = number;
  }
  return cluster;
}

std::vector<double> distances_between(Comparison const& comparison, MeasureView const& measure,
                                      std::vector<std::size_t> const& representations) {
  std::size_t const n = representations.size();
  std::vector<double> d(n * n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      d[i * n + j] = distance(comparison, measure, representations[i], representations[j]);
  double largest = 0;
  for (double const value : d)
    if (std::isfinite(value)) largest = std::max(largest, value);
  for (double& value : d)
    if (!std::isfinite(value)) value = largest;
  return d;
}

std::vector<std::size_t> order_by_depth(Comparison const& c) {
  std::vector<std::size_t> order(c.count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto i, auto j) {
    return std::tuple(c.depth[i], c.layer[i], c.network[i], c.step[i]) <
           std::tuple(c.depth[j], c.layer[j], c.network[j], c.step[j]);
  });
  return order;
}

std::vector<std::size_t> order_by_network(Comparison const& c) {
  std::vector<std::size_t> order(c.count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto i, auto j) {
    return std::tuple(c.network[i], c.step[i], c.depth[i]) < std::tuple(c.network[j], c.step[j], c.depth[j]);
  });
  return order;
}

std::size_t best_cut(Linkage const& linkage, std::vector<double> const& distances, std::size_t most) {
  std::size_t const n = linkage.leaves.size();
  std::size_t best = 1;
  double best_score = 0.25;  // below, Kaufman and Rousseeuw (1990) call a structure insubstantial
  for (std::size_t count = 2; count <= most && count < n; ++count) {
    auto const cluster = linkage.cut(count);
    std::vector<double> size(count);
    for (auto const c : cluster) size[c] += 1;
    double total = 0;
    for (std::size_t i = 0; i < n; ++i) {
      if (size[cluster[i]] < 2) continue;  // the silhouette of a single item is 0
      std::vector<double> sum(count);
      for (std::size_t j = 0; j < n; ++j)
        if (j != i) sum[cluster[j]] += distances[i * n + j];
      double const own = sum[cluster[i]] / (size[cluster[i]] - 1);
      double other = infinity;
      for (std::size_t k = 0; k < count; ++k)
        if (k != cluster[i]) other = std::min(other, sum[k] / size[k]);
      if (std::max(own, other) > 0) total += (other - own) / std::max(own, other);
    }
    double const score = total / static_cast<double>(n);
    if (score > best_score) {
      best_score = score;
      best = count;
    }
  }
  return best;
}

}  // namespace confer::report
