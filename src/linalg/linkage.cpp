#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <stdexcept>

#include "confer/linalg/clustering.hpp"

namespace confer {

namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// Which cluster an item is in while clusters are being joined.
class Forest {
 public:
  explicit Forest(Index items) : parent_(at(items)), cluster_(at(items)), size_(at(items), 1) {
    std::iota(parent_.begin(), parent_.end(), Index{0});
    std::iota(cluster_.begin(), cluster_.end(), Index{0});
  }
  Index root(Index item) {
    while (parent_[at(item)] != item) item = parent_[at(item)] = parent_[at(parent_[at(item)])];
    return item;
  }
  Index cluster(Index item) { return cluster_[at(root(item))]; }
  /// Joins the clusters of two items under a new number; its size.
  Index join(Index a, Index b, Index number) {
    a = root(a);
    b = root(b);
    parent_[at(b)] = a;
    cluster_[at(a)] = number;
    return size_[at(a)] += size_[at(b)];
  }

 private:
  std::vector<Index> parent_, cluster_, size_;
};

/// For each merge one item of its left and one of its right side.
std::vector<std::pair<Index, Index>> representatives(std::span<Merge const> merges, Index items) {
  std::vector<Index> item_of(at(items) + merges.size());
  std::iota(item_of.begin(), item_of.begin() + items, Index{0});
  std::vector<std::pair<Index, Index>> pairs;
  for (std::size_t k = 0; k < merges.size(); ++k) {
    pairs.emplace_back(item_of[at(merges[k].left)], item_of[at(merges[k].right)]);
    item_of[at(items) + k] = pairs.back().first;
  }
  return pairs;
}

}  // namespace

std::vector<Merge> average_linkage(MatrixView<double const> distances) {
  Index const n = distances.rows;
  Matrix<double> d(n, n);
  for (Index j = 0; j < n; ++j)
    for (Index i = 0; i < n; ++i) {
      d(i, j) = distances(std::max(i, j), std::min(i, j));
      if (i != j && !std::isfinite(d(i, j))) throw std::invalid_argument("linkage needs finite distances");
    }
  // Each cluster lives on in the row of one of its items.
  struct Joined {
    Index left, right;
    double height;
  };
  std::vector<Joined> joined;
  std::vector<Index> chain, alive(at(n)), size(at(n), 1);
  std::iota(alive.begin(), alive.end(), Index{0});
  while (alive.size() > 1) {
    if (chain.empty()) chain.push_back(alive.front());
    Index const last = chain.back();
    Index const before = chain.size() > 1 ? chain[chain.size() - 2] : -1;
    // Going back on equal distances ends the chain.
    Index nearest = before;
    double least = before >= 0 ? d(last, before) : std::numeric_limits<double>::infinity();
    for (Index const other : alive)
      if (other != last && d(other, last) < least) {
        least = d(other, last);
        nearest = other;
      }
    if (nearest != before) {
      chain.push_back(nearest);
      continue;
    }
    chain.resize(chain.size() - 2);
    joined.push_back({last, nearest, least});
    auto const a = static_cast<double>(size[at(last)]), b = static_cast<double>(size[at(nearest)]);
    std::erase(alive, last);
    for (Index const other : alive)
      if (other != nearest)
        d(other, nearest) = d(nearest, other) = (a * d(other, last) + b * d(other, nearest)) / (a + b);
    size[at(nearest)] += size[at(last)];
  }
  std::ranges::stable_sort(joined, {}, &Joined::height);
  Forest forest(n);
  std::vector<Merge> merges;
  for (auto const& one : joined) {
    Index const a = forest.cluster(one.left), b = forest.cluster(one.right);
    Index const number = n + static_cast<Index>(merges.size());
    merges.push_back({std::min(a, b), std::max(a, b), one.height, forest.join(one.left, one.right, number)});
  }
  return merges;
}

std::vector<Index> cut_tree(std::span<Merge const> merges, Index items, Index clusters) {
  Forest forest(items);
  auto const pairs = representatives(merges, items);
  for (Index k = 0; k < items - clusters; ++k) forest.join(pairs[at(k)].first, pairs[at(k)].second, items + k);
  std::map<Index, Index> label_of;
  std::vector<Index> labels;
  for (Index i = 0; i < items; ++i)
    labels.push_back(label_of.try_emplace(forest.root(i), static_cast<Index>(label_of.size())).first->second);
  return labels;
}

std::vector<Index> leaf_order(std::span<Merge const> merges, Index items) {
  if (merges.empty()) return std::vector<Index>(at(items), 0);
  std::vector<Index> order, open = {items + static_cast<Index>(merges.size()) - 1};
  while (!open.empty()) {
    Index const cluster = open.back();
    open.pop_back();
    if (cluster < items) {
      order.push_back(cluster);
    } else {
      open.push_back(merges[at(cluster - items)].right);
      open.push_back(merges[at(cluster - items)].left);
    }
  }
  return order;
}

Matrix<double> cophenetic_distances(std::span<Merge const> merges, Index items) {
  Matrix<double> result(items, items);
  std::vector<std::vector<Index>> members(at(items) + merges.size());
  for (Index i = 0; i < items; ++i) members[at(i)] = {i};
  for (std::size_t k = 0; k < merges.size(); ++k) {
    auto& left = members[at(merges[k].left)];
    auto& right = members[at(merges[k].right)];
    for (Index const i : left)
      for (Index const j : right) result(i, j) = result(j, i) = merges[k].height;
    left.insert(left.end(), right.begin(), right.end());
    right.clear();
    members[at(items) + k] = std::move(left);
  }
  return result;
}

double adjusted_rand_index(std::span<Index const> left, std::span<Index const> right) {
  if (left.size() != right.size()) throw std::invalid_argument("labelings of different lengths");
  std::map<std::pair<Index, Index>, double> both;
  std::map<Index, double> only_left, only_right;
  for (std::size_t i = 0; i < left.size(); ++i) {
    ++both[{left[i], right[i]}];
    ++only_left[left[i]];
    ++only_right[right[i]];
  }
  auto const pairs_in = [](auto const& counts) {
    double sum = 0;
    for (auto const& [label, count] : counts) sum += count * (count - 1) / 2;
    return sum;
  };
  auto const n = static_cast<double>(left.size());
  double const all = n * (n - 1) / 2;
  double const a = pairs_in(only_left), b = pairs_in(only_right);
  double const expected = all > 0 ? a * b / all : 0, most = (a + b) / 2;
  if (most == expected) return 1;
  return (pairs_in(both) - expected) / (most - expected);
}

}  // namespace confer
