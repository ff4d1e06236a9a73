#include "report/ordering.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

namespace confer::report {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

void fill_unknown(std::vector<double>& distances) {
  double largest = 0;
  for (double const value : distances)
    if (std::isfinite(value)) largest = std::max(largest, value);
  for (double& value : distances)
    if (!std::isfinite(value)) value = largest;
}

/// Chains of nearest neighbours find the merges of average linkage in any order; heights sort them.
std::vector<Merge> find_merges(std::vector<double>& d, std::size_t n) {
  std::vector<std::size_t> size(n, 1), chain;
  std::vector<bool> gone(n, false);
  std::vector<Merge> merges;  // left and right are slots here
  while (merges.size() + 1 < n) {
    if (chain.empty())
      chain.push_back(static_cast<std::size_t>(std::find(gone.begin(), gone.end(), false) - gone.begin()));
    for (;;) {
      std::size_t const top = chain.back();
      std::size_t const before = chain.size() > 1 ? chain[chain.size() - 2] : n;
      std::size_t nearest = before;
      double least = before < n ? d[top * n + before] : infinity;
      for (std::size_t j = 0; j < n; ++j)
        if (!gone[j] && j != top && d[top * n + j] < least) {
          least = d[top * n + j];
          nearest = j;
        }
      if (nearest == before && before < n) break;
      chain.push_back(nearest);
    }
    std::size_t const a = std::min(chain.back(), chain[chain.size() - 2]);
    std::size_t const b = std::max(chain.back(), chain[chain.size() - 2]);
    chain.resize(chain.size() - 2);
    merges.push_back({a, b, d[a * n + b], size[a] + size[b]});
    double const share = static_cast<double>(size[a]) / static_cast<double>(size[a] + size[b]);
    for (std::size_t j = 0; j < n; ++j)
      if (!gone[j] && j != a && j != b) d[a * n + j] = d[j * n + a] = share * d[a * n + j] + (1 - share) * d[b * n + j];
    size[a] += size[b];
    gone[b] = true;
  }
  return merges;
}

}  // namespace

Linkage average_linkage(std::vector<double> distances, std::size_t n) {
  Linkage linkage;
  if (n == 0) return linkage;
  fill_unknown(distances);
  auto merges = find_merges(distances, n);
  std::stable_sort(merges.begin(), merges.end(), [](Merge const& x, Merge const& y) { return x.height < y.height; });
  std::vector<std::size_t> node(n);
  std::iota(node.begin(), node.end(), std::size_t{0});
  for (auto& merge : merges) {
    std::size_t const slot = merge.left;
    merge.left = node[merge.left];
    merge.right = node[merge.right];
    node[slot] = n + linkage.merges.size();
    linkage.merges.push_back(merge);
  }
  std::vector<std::size_t> stack = {n == 1 ? 0 : 2 * n - 2};
  while (!stack.empty()) {
    std::size_t const top = stack.back();
    stack.pop_back();
    if (top < n) {
      linkage.leaves.push_back(top);
    } else {
      stack.push_back(linkage.merges[top - n].right);
      stack.push_back(linkage.merges[top - n].left);
    }
  }
  return linkage;
}

std::vector<std::size_t> Linkage::cut(std::size_t count) const {
  std::size_t const n = leaves.size();
  std::vector<std::size_t> parent(2 * n);
  std::iota(parent.begin(), parent.end(), std::size_t{0});
  std::size_t const keep = n - std::clamp<std::size_t>(count, 1, n);
  for (std::size_t i = 0; i < keep; ++i) parent[merges[i].left] = parent[merges[i].right] = n + i;
  std::vector<std::size_t> root_cluster(2 * n, n), cluster(n);
  std::size_t next = 0;
  for (std::size_t const leaf : leaves) {
    std::size_t root = leaf;
    while (parent[root] != root) root = parent[root];
    if (root_cluster[root] == n) root_cluster[root] = next++;
    cluster[leaf] = root_cluster[root];
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
        if (j != i && std::isfinite(distances[i * n + j])) sum[cluster[j]] += distances[i * n + j];
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
