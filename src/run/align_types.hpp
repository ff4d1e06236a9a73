/// What `align` finds for one representation: made on the rank that reads it, assembled on rank 0.
#pragma once

#include <string>
#include <vector>

#include "confer/core/record.hpp"
#include "confer/core/types.hpp"

namespace confer {

/// Whether a target could be used on a representation.
enum class TargetStatus : Index {
  ok,
  missing,            ///< the checkpoint holds no such target, or not for all samples
  unreadable,         ///< NaN, damaged
  constant,           ///< one class only, or one value: nothing to align with
  no_representation,  ///< the representation itself is unusable
  differs             ///< usable: other values than other networks have for the same inputs
};
inline std::vector<std::string> target_status_names() {
  return {"ok", "missing", "unreadable", "constant", "no_representation", "differs_between_networks"};
}
inline bool usable(TargetStatus status) { return status == TargetStatus::ok || status == TargetStatus::differs; }

/// Alignment of one target. Vectors over k have one entry for each kept direction.
struct AlignedTarget {
  Index status = 0;       ///< TargetStatus
  std::string detail;     ///< what lies behind the status
  std::string key;        ///< stands for the values: equal keys, equal targets
  double norm = 0;        ///< |Y|_F^2, centred when targets are
  double mean_share = 0;  ///< share of the stored |Y|_F^2 that centring removes
  Index outputs = 0, k50 = -1, k90 = -1;
  double area = 0, residual = 0, minimum_norm = 0;
  double at_threshold = 0;             ///< A(sqrt(n)/10) / |Y|^2
  double loss_share = 0;               ///< predicted loss after 1000 steps, in units of its start
  std::vector<double> mass, mass_raw;  ///< a_k of the targets as asked for, and as stored
  std::vector<double> shuffled, shuffled_low, shuffled_high;
  std::vector<double> curve, relative_curve;
  std::vector<double> losses;             ///< predicted, over the grid of steps, in units of the start
  std::vector<Index> steps_to;            ///< steps until the loss has fallen to each share
  std::vector<std::string> output_names;  ///< of several outputs: "labels=3" or "position[2]"
  std::vector<double> output_mass;        ///< outputs x rank
  std::vector<double> output_curve;       ///< outputs x thresholds
};

struct AlignedRepresentation {
  Index status = 0;  ///< RepresentationStatus
  std::string detail;
  double cut = 0, total_variance = 0;
  Index constant_features = 0;
  std::vector<double> singular_values;
  std::vector<AlignedTarget> targets;
};

template <class Archive, RecordOf<AlignedTarget> Record>
void fields(Archive& archive, Record& t) {
  archive(t.status, t.detail, t.key, t.norm, t.mean_share, t.outputs, t.k50, t.k90, t.area, t.residual);
  archive(t.minimum_norm, t.at_threshold, t.loss_share, t.mass, t.mass_raw, t.shuffled, t.shuffled_low);
  archive(t.shuffled_high, t.curve, t.relative_curve, t.losses, t.steps_to, t.output_names, t.output_mass);
  archive(t.output_curve);
}

template <class Archive, RecordOf<AlignedRepresentation> Record>
void fields(Archive& archive, Record& r) {
  archive(r.status, r.detail, r.cut, r.total_variance, r.constant_features, r.singular_values, r.targets);
}

/// Steps of gradient descent at which the predicted loss is written, and the shares of loss that are looked for.
inline std::vector<Index> learning_steps() {
  std::vector<Index> steps = {0};
  for (Index decade = 1; decade <= 1000000; decade *= 10)
    for (Index const digit : {1, 2, 5}) steps.push_back(decade * digit);
  return steps;
}
inline std::vector<double> loss_shares() { return {0.5, 0.2, 0.1, 0.05, 0.01}; }
inline constexpr Index kTransferSteps = 1000;  ///< loss after this many steps ranks targets

}  // namespace confer
