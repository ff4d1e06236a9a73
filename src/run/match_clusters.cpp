#include <algorithm>
#include <cmath>

#include "confer/linalg/clustering.hpp"
#include "run/match_parts.hpp"

namespace confer {

namespace {

constexpr std::size_t eigenvalues_kept = 64;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

SpectralOptions spectral_options(MatchOptions const& options, Index items) {
  SpectralOptions spectral;
  spectral.clusters = std::min(options.clusters.value_or(0), items);
  spectral.threshold = options.threshold;
  return spectral;
}

void make_absolute(MatchOptions const& options, Matrix<double>& values) {
  if (!options.absolute) return;
  for (Index i = 0; i < values.size(); ++i) values.data()[i] = std::abs(values.data()[i]);
}

std::vector<double> first(std::vector<double> values) {
  values.resize(std::min(values.size(), eigenvalues_kept));
  return values;
}

struct Means {
  double inside = 0, outside = 0;
  Index pairs_inside = 0, pairs_outside = 0;

  void add(double value, bool together) {
    (together ? inside : outside) += value;
    ++(together ? pairs_inside : pairs_outside);
  }
  double within() const { return pairs_inside == 0 ? kNoValue : inside / static_cast<double>(pairs_inside); }
  double between() const { return pairs_outside == 0 ? kNoValue : outside / static_cast<double>(pairs_outside); }
};

std::vector<Index> dendrogram_order(Matrix<double> similarity) {
  Index const items = similarity.rows();
  for (Index j = 0; j < items; ++j)
    for (Index i = 0; i < items; ++i) similarity(i, j) = i == j ? 0 : 1 - similarity(i, j);
  return leaf_order(average_linkage(similarity), items);
}

}  // namespace

void add_own_clusters(MatchOptions const& options, NeuronSide& side, MatchedRepresentation& result) {
  Matrix<double> similarity = side.correlations();
  make_absolute(options, similarity);
  SpectralClusters const found = spectral_clusters(similarity, spectral_options(options, side.live()));
  Means means;
  for (Index j = 0; j < side.live(); ++j)
    for (Index i = j + 1; i < side.live(); ++i)
      if (found.labels[at(i)] >= 0 && found.labels[at(j)] >= 0)
        means.add(similarity(i, j), found.labels[at(i)] == found.labels[at(j)]);
  result.within = means.within();
  result.between = means.between();
  result.clusters = found.clusters;
  result.eigenvalues = first(found.eigenvalues);
  result.cluster = over_all(found.labels, side.live_neurons(), side.features(), Index{-1});
  for (Index const k : dendrogram_order(std::move(similarity))) result.order.push_back(side.live_neurons()[at(k)]);
}

void add_joint_clusters(MatchOptions const& options, PairProducts const& pair, MatrixView<double const> correlations,
                        MatchedPair& result) {
  Index const p = pair.a.live(), q = pair.b.live();
  // Edges lead from one network to the other only: what is alike within a network does not make it a match.
  Matrix<double> graph(p + q, p + q);
  for (Index j = 0; j < q; ++j)
    for (Index i = 0; i < p; ++i) graph(i, p + j) = graph(p + j, i) = correlations(i, j);
  make_absolute(options, graph);
  SpectralClusters const found = spectral_clusters(graph, spectral_options(options, p + q));
  Means means;
  std::vector<Means> each(at(found.clusters));
  for (Index j = 0; j < q; ++j)
    for (Index i = 0; i < p; ++i) {
      Index const a = found.labels[at(i)], b = found.labels[at(p + j)];
      if (a < 0 || b < 0) continue;
      means.add(graph(i, p + j), a == b);
      if (a == b) each[at(a)].add(graph(i, p + j), true);
    }
  for (auto const& cluster : each) result.cluster_correlation.push_back(cluster.within());
  result.within = means.within();
  result.between = means.between();
  result.clusters = found.clusters;
  result.eigenvalues = first(found.eigenvalues);
  auto const split = found.labels.begin() + static_cast<std::ptrdiff_t>(p);
  result.cluster_a =
      over_all(std::vector<Index>(found.labels.begin(), split), pair.a.live_neurons(), pair.features_a, Index{-1});
  result.cluster_b =
      over_all(std::vector<Index>(split, found.labels.end()), pair.b.live_neurons(), pair.features_b, Index{-1});

  Matrix<double> const within_a = pair.a.correlations(), within_b = pair.b.correlations();
  for (Index j = 0; j < p; ++j) std::copy_n(within_a.view().column(j), p, graph.view().column(j));
  for (Index j = 0; j < q; ++j) std::copy_n(within_b.view().column(j), q, graph.view().column(p + j) + p);
  make_absolute(options, graph);
  for (Index const k : dendrogram_order(std::move(graph)))
    result.joint_order.push_back(k < p ? pair.a.live_neurons()[at(k)]
                                       : pair.features_a + pair.b.live_neurons()[at(k - p)]);
}

}  // namespace confer
