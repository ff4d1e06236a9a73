/// The results of `compare` in the shape figures are made from: representations, measures, groups of networks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "confer/model/result_set.hpp"

namespace confer::report {

/// One measure over all pairs; matrices are row-major R x R.
struct MeasureView {
  std::string name, long_name, formula, reference;
  bool distance = false;
  bool symmetric = true;
  double lowest = 0, highest = 1;  ///< declared range; may be infinite
  std::vector<double> const* values = nullptr;
  std::vector<double> const* null = nullptr;  ///< chance level, or nullptr
  std::vector<double> const* z = nullptr;     ///< standardised score, or nullptr
  std::vector<double> const* standard_error = nullptr;  ///< from bootstrap draws, or nullptr
  std::vector<double> const* p_value = nullptr;         ///< from relabellings, or nullptr
};

/// A column that groups networks: their names, or an attribute of the files.
struct Grouping {
  std::string name;
  std::vector<std::string> values;  ///< distinct, in order of appearance
  std::vector<std::size_t> of_representation;
};

/// One checkpoint: the representations of one network at one step, in order of depth.
struct CheckpointView {
  std::string label;
  std::size_t network;  ///< index into Comparison::networks
  Index step;
  std::vector<std::size_t> representations;
};

/// Views into a ResultSet, which must outlive this.
struct Comparison {
  std::size_t count = 0;                    ///< R
  std::vector<std::string> label;           ///< full: "network@step/layer", printable
  std::vector<std::string> short_label;     ///< without what all have in common
  std::vector<std::size_t> network, layer;  ///< indices into networks, layers
  std::vector<std::string> networks;        ///< in catalog order
  std::vector<std::string> layers;          ///< distinct names, by mean depth
  std::vector<Index> step, depth, samples, features, rank;
  std::vector<std::string> status, warnings;  ///< per representation
  std::vector<double> participation_ratio;
  std::vector<MeasureView> measures;
  std::vector<std::string> pair_status_names;
  std::vector<Index> const* pair_status = nullptr;
  std::vector<CheckpointView> checkpoints;
  std::vector<Grouping> groupings;  ///< groupings[0] is by network

  std::size_t at(std::size_t row, std::size_t column) const { return row * count + column; }
  /// The measure the answer is given in: CKA, else the first similarity, else the first.
  MeasureView const& leading() const;
  /// Checkpoints of the last step of each network.
  std::vector<std::size_t> final_checkpoints() const;
  /// Why a pair has no value; empty when it has one.
  std::string reason(std::size_t row, std::size_t column) const;
};

/// Throws InputError naming `path` when variables that `compare` writes are missing or of another shape.
Comparison view_comparison(ResultSet const& results, std::string const& path);

/// How far apart two representations are by a measure, symmetrised: 1 - similarity, or the distance; NaN where unknown.
double distance(Comparison const& comparison, MeasureView const& measure, std::size_t row, std::size_t column);

}  // namespace confer::report
