/// What `match` finds for one representation and for one pair: made on the rank that computes it, assembled on rank 0.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "confer/core/types.hpp"

namespace confer {

inline constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();

/// A representation's own neurons. Vectors over neurons have one entry for each neuron of the layer.
struct MatchedRepresentation {
  Index status = 0;  ///< RepresentationStatus
  std::string detail;
  Index live = 0;
  std::vector<double> mean;    ///< activation of each neuron, dead ones included
  std::vector<Index> cluster;  ///< -1: dead, or connected with nobody
  std::vector<Index> order;    ///< neurons as a dendrogram draws them; dead ones are left out
  std::vector<double> eigenvalues;
  Index clusters = 0;
  double within = kNoValue, between = kNoValue;  ///< mean correlation of neurons of one cluster, of different ones
};

/// One direction of a pair: neurons of one side, and what is found for them on the other.
struct MatchedNeurons {
  std::vector<Index> partner;       ///< best one; -1 for dead neurons
  std::vector<double> correlation;  ///< with it; NaN for dead neurons
  std::vector<double> shuffled;     ///< the same with rows relabelled
  double mean = kNoValue, mean_shuffled = kNoValue, mean_rotated = kNoValue;
  std::vector<Index> information_partner;  ///< the best by mutual information
  std::vector<double> information;
  double mean_information = kNoValue, information_agreement = kNoValue;
  /// Sparse prediction of these neurons from those of the other side, over penalties.
  std::vector<double> error_fitted, error_held_out, weights, worst_kkt, worst_gap;
  std::vector<double> neuron_error;    ///< held out; penalty x neuron
  std::vector<double> neuron_weights;  ///< penalty x neuron
};

/// An affine map from one side to the other.
struct MatchedMap {
  double r2_fitted = kNoValue, r2 = kNoValue, rank1 = kNoValue, same_class = kNoValue, penalty = kNoValue;
};

struct MatchedPair {
  Index status = 0;  ///< MatchStatus
  std::string detail;
  std::vector<MatchedNeurons> sides;  ///< of a in b, of b in a
  std::vector<Index> matched;         ///< neuron of b for each neuron of a; -1: dead or single
  std::vector<double> correlation;    ///< of the matched ones
  std::vector<double> shuffled, rotated;
  double mean = kNoValue, mean_shuffled = kNoValue, mean_rotated = kNoValue, agreement = kNoValue;
  std::vector<Index> order_a, order_b;  ///< live neurons, matched ones side by side
  std::vector<Index> cluster_a, cluster_b;
  std::vector<double> eigenvalues, cluster_correlation;
  Index clusters = 0;
  double within = kNoValue, between = kNoValue;
  std::vector<Index> joint_order;  ///< dendrogram over both: neurons of a, then those of b plus the width of a
  std::vector<MatchedMap> maps;    ///< direction, kind
  Index map_rows = 0;              ///< held-out rows among which embeddings are looked for
  std::vector<double> matrix;      ///< correlations, neuron of a x neuron of b, row-major; NaN for dead ones
};

/// Whether a pair could be matched.
enum class MatchStatus : Index { ok, representation_failed, other_inputs, other_samples, other_rows, too_large };
inline std::vector<std::string> match_status_names() {
  return {"ok", "representation_failed", "other_inputs", "other_samples", "other_rows", "too_large"};
}

template <class Archive, class T>
void map_fields(Archive& archive, T& m) {
  archive(m.r2_fitted), archive(m.r2), archive(m.rank1), archive(m.same_class), archive(m.penalty);
}
template <class Archive>
void fields(Archive& archive, MatchedMap& m) {
  map_fields(archive, m);
}
template <class Archive>
void fields(Archive& archive, MatchedMap const& m) {
  map_fields(archive, m);
}

template <class Archive, class T>
void side_fields(Archive& archive, T& n) {
  archive(n.partner), archive(n.correlation), archive(n.shuffled), archive(n.mean), archive(n.mean_shuffled);
  archive(n.mean_rotated), archive(n.information_partner), archive(n.information), archive(n.mean_information);
  archive(n.information_agreement), archive(n.error_fitted), archive(n.error_held_out), archive(n.weights);
  archive(n.worst_kkt), archive(n.worst_gap), archive(n.neuron_error), archive(n.neuron_weights);
}
template <class Archive>
void fields(Archive& archive, MatchedNeurons& n) {
  side_fields(archive, n);
}
template <class Archive>
void fields(Archive& archive, MatchedNeurons const& n) {
  side_fields(archive, n);
}

template <class Archive, class T>
void pair_fields(Archive& archive, T& p) {
  archive(p.status), archive(p.detail), archive(p.sides), archive(p.matched), archive(p.correlation);
  archive(p.shuffled), archive(p.rotated), archive(p.mean), archive(p.mean_shuffled), archive(p.mean_rotated);
  archive(p.agreement), archive(p.order_a), archive(p.order_b), archive(p.cluster_a), archive(p.cluster_b);
  archive(p.eigenvalues), archive(p.cluster_correlation), archive(p.clusters), archive(p.within), archive(p.between);
  archive(p.joint_order), archive(p.maps), archive(p.map_rows), archive(p.matrix);
}
template <class Archive>
void fields(Archive& archive, MatchedPair& p) {
  pair_fields(archive, p);
}
template <class Archive>
void fields(Archive& archive, MatchedPair const& p) {
  pair_fields(archive, p);
}

template <class Archive, class T>
void own_fields(Archive& archive, T& r) {
  archive(r.status), archive(r.detail), archive(r.live), archive(r.mean), archive(r.cluster), archive(r.order);
  archive(r.eigenvalues), archive(r.clusters), archive(r.within), archive(r.between);
}

}  // namespace confer
