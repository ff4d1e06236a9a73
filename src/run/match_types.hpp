/// What `match` finds for one representation and for one pair: made on the rank that computes it, assembled on rank 0.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "confer/core/record.hpp"
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

template <class Archive, RecordOf<MatchedMap> Record>
void fields(Archive& archive, Record& m) {
  archive(m.r2_fitted, m.r2, m.rank1, m.same_class, m.penalty);
}

template <class Archive, RecordOf<MatchedNeurons> Record>
void fields(Archive& archive, Record& n) {
  archive(n.partner, n.correlation, n.shuffled, n.mean, n.mean_shuffled, n.mean_rotated);
  archive(n.information_partner, n.information, n.mean_information, n.information_agreement);
  archive(n.error_fitted, n.error_held_out, n.weights, n.worst_kkt, n.worst_gap, n.neuron_error, n.neuron_weights);
}

template <class Archive, RecordOf<MatchedPair> Record>
void fields(Archive& archive, Record& p) {
  archive(p.status, p.detail, p.sides, p.matched, p.correlation, p.shuffled, p.rotated, p.mean, p.mean_shuffled);
  archive(p.mean_rotated, p.agreement, p.order_a, p.order_b, p.cluster_a, p.cluster_b, p.eigenvalues);
  archive(p.cluster_correlation, p.clusters, p.within, p.between, p.joint_order, p.maps, p.map_rows, p.matrix);
}

template <class Archive, RecordOf<MatchedRepresentation> Record>
void fields(Archive& archive, Record& r) {
  archive(r.status, r.detail, r.live, r.mean, r.cluster, r.order, r.eigenvalues, r.clusters, r.within, r.between);
}

}  // namespace confer
