/// The results of `align` in the shape figures are made from, and those figures.
#pragma once

#include <string>
#include <vector>

#include "confer/model/result_set.hpp"
#include "report/figure.hpp"

namespace confer::report {

/// The results of `align`; references into a ResultSet that outlives this.
struct Alignment {
  std::size_t representations = 0, targets = 0, components = 0;
  std::vector<std::string> label, network, layer, target;
  std::vector<Index> step, depth;
  std::vector<std::size_t> shown;             ///< representations with curves of their own
  std::vector<std::string> layers;            ///< distinct, by depth
  std::vector<std::string> networks;          ///< distinct
  std::vector<std::string> aligned_networks;  ///< those with any value
  ResultSet const* results = nullptr;

  std::size_t at(std::size_t representation, std::size_t t) const { return representation * targets + t; }
  /// a_k of representation r and target t in a variable over (representation, target, component).
  double mass(std::string const& name, std::size_t r, std::size_t t, std::size_t k) const {
    return results->doubles(name)[at(r, t) * components + k - 1];
  }
};

/// Throws std::out_of_range when variables are missing.
Alignment view_alignment(ResultSet const& results);

/// Cumulative mass a_k over k, first and last step, with the band of shuffled targets. Figures are empty
/// (specification null) when there is nothing to show.
Figure mass_figure(Alignment const& alignment);

/// The alignment curve over thresholds of the singular values.
Figure threshold_figure(Alignment const& alignment);

/// Mass of the first k vectors over layers, one line per checkpoint, beside shuffled targets.
Figure layer_figure(Alignment const& alignment);

/// The same over training steps, for networks with more than two; takes its numbers from the figure by layer.
Figure step_figure(Alignment const& alignment, Figure const& by_layer);

}  // namespace confer::report
