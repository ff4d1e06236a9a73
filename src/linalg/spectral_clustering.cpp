#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>

#include "confer/linalg/clustering.hpp"
#include "confer/linalg/dense.hpp"
#include "linalg/kmeans.hpp"

namespace confer {

namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// The weighted graph of some of the items.
struct Graph {
  std::vector<Index> items;
  Matrix<double> weights;
  std::vector<double> degrees;
};

/// The part of the graph among some of its vertices, without those that have no edge there.
Graph connected_part(MatrixView<double const> weights, std::vector<Index> const& vertices) {
  Graph graph;
  for (Index const i : vertices) {
    double degree = 0;
    for (Index const j : vertices) degree += weights(j, i);
    if (degree <= 0) continue;
    graph.items.push_back(i);
    graph.degrees.push_back(degree);
  }
  auto const n = static_cast<Index>(graph.items.size());
  graph.weights = Matrix<double>(n, n);
  for (Index b = 0; b < n; ++b)
    for (Index a = 0; a < n; ++a) graph.weights(a, b) = weights(graph.items[at(a)], graph.items[at(b)]);
  return graph;
}

/// Number of eigenvalues before the largest gap, fewest .. most.
Index count_before_gap(std::vector<double> const& ascending, Index fewest, Index most) {
  Index best = fewest;
  double widest = -1;
  for (Index k = fewest; k <= most && k < static_cast<Index>(ascending.size()); ++k) {
    double const gap = ascending[at(k)] - ascending[at(k - 1)];
    if (gap > widest) {
      widest = gap;
      best = k;
    }
  }
  return best;
}

struct Partition {
  std::vector<Index> labels;  ///< of the graph's items
  Index clusters = 1;
  std::vector<double> eigenvalues;
};

/// One level: `clusters` groups, or as many as the eigenvalues suggest but at least `fewest`.
Partition partition(Graph const& graph, Index clusters, Index fewest, SpectralOptions const& options) {
  auto const n = static_cast<Index>(graph.items.size());
  Matrix<double> affinity = graph.weights;
  for (Index j = 0; j < n; ++j)
    for (Index i = 0; i < n; ++i) affinity(i, j) /= std::sqrt(graph.degrees[at(i)] * graph.degrees[at(j)]);
  auto const eigen = eigh(affinity);
  Partition result;
  for (double value : eigen.values) result.eigenvalues.push_back(1 - value);
  Index const most = options.most_clusters > 0 ? options.most_clusters : std::max<Index>(n / 2, 1);
  Index k = clusters > 0 ? clusters : count_before_gap(result.eigenvalues, fewest, most);
  k = std::min(k, n);
  Matrix<double> embedding(k, n);
  for (Index i = 0; i < n; ++i) {
    double norm = 0;
    for (Index c = 0; c < k; ++c) norm += eigen.vectors(i, c) * eigen.vectors(i, c);
    for (Index c = 0; c < k; ++c) embedding(c, i) = norm > 0 ? eigen.vectors(i, c) / std::sqrt(norm) : 0.0;
  }
  result.labels = kmeans(embedding.view(), k, options.restarts, options.seed);
  result.clusters = k;
  return result;
}

}  // namespace

SpectralClusters spectral_clusters(MatrixView<double const> similarity, SpectralOptions const& options) {
  Index const n = similarity.rows;
  Matrix<double> weights(n, n);
  for (Index j = 0; j < n; ++j)
    for (Index i = 0; i < n; ++i) {
      double const value = i == j ? 0.0 : similarity(std::max(i, j), std::min(i, j));
      if (!std::isfinite(value)) throw std::invalid_argument("clustering needs finite similarities");
      weights(i, j) = value > std::max(options.threshold, 0.0) ? value : 0.0;
    }
  std::vector<Index> all(at(n));
  for (Index i = 0; i < n; ++i) all[at(i)] = i;

  SpectralClusters result;
  result.labels.assign(at(n), -1);
  auto const graph = connected_part(weights, all);
  if (graph.items.empty()) return result;
  auto const top = partition(graph, options.clusters, 1, options);
  result.eigenvalues = top.eigenvalues;
  double const too_many =
      2 * options.oversize * static_cast<double>(graph.items.size()) / static_cast<double>(top.clusters);

  std::vector<std::vector<Index>> open(at(top.clusters)), done;
  for (std::size_t i = 0; i < graph.items.size(); ++i) open[at(top.labels[i])].push_back(graph.items[i]);
  while (!open.empty()) {
    auto const group = std::move(open.back());
    open.pop_back();
    auto const part =
        options.oversize > 0 && static_cast<double>(group.size()) > too_many ? connected_part(weights, group) : Graph{};
    if (part.items.size() < 2) {
      done.push_back(group);
      continue;
    }
    auto const finer = partition(part, 0, 2, options);
    std::vector<std::vector<Index>> pieces(at(finer.clusters) + 1);
    for (std::size_t i = 0; i < part.items.size(); ++i) pieces[at(finer.labels[i])].push_back(part.items[i]);
    // Those without an edge inside the group stay together.
    std::ranges::set_difference(group, part.items, std::back_inserter(pieces.back()));
    for (auto& piece : pieces) {
      if (piece.empty()) continue;
      (piece.size() < group.size() ? open : done).push_back(std::move(piece));
    }
  }
  for (std::size_t c = 0; c < done.size(); ++c)
    for (Index const i : done[c]) result.labels[at(i)] = static_cast<Index>(c);
  std::map<Index, Index> in_order;
  for (Index& label : result.labels)
    if (label >= 0) label = in_order.try_emplace(label, static_cast<Index>(in_order.size())).first->second;
  result.clusters = static_cast<Index>(in_order.size());
  return result;
}

}  // namespace confer
