/// What is known of a representation after its factorisation, without the factor itself: a few numbers and a status.
#pragma once

#include <string>
#include <vector>

#include "confer/core/types.hpp"

namespace confer {

/// Whether a representation takes part in comparisons, and what weakens it.
enum class RepresentationStatus {
  ok,
  rank_deficient,  ///< usable: constant or dependent neurons, rank below the number of neurons
  saturated,       ///< usable: rank n - 1, so that canonical correlations with anything are 1
  constant,        ///< unusable: no neuron varies
  nonfinite,       ///< unusable: NaN or infinite values, or so large ones that their squares are
  unreadable,      ///< unusable: the file could not be read
};
std::string to_string(RepresentationStatus status);
bool usable(RepresentationStatus status);

struct FactorSummary {
  RepresentationStatus status = RepresentationStatus::ok;
  std::string detail;                   ///< what lies behind the status, for people
  Index rows = 0;
  Index features = 0;
  /// A power of two near the largest singular value. Everything below that depends on the scale of the activations is in
  /// units of it (and of its square, its fourth power): measures do not depend on scale, and nothing overflows.
  double unit = 1;
  std::vector<double> singular_values;  ///< to numerical rank
  Index components = 0;                 ///< leading directions that SVCCA keeps
  Index kept = 0;                       ///< directions whose basis is stored
  double total_variance = 0;            ///< sum of s^2: squares of the centred values, but for what rounding can explain
  double sum_fourth_powers = 0;         ///< sum of s^4
  double sum_squared_row_norms = 0;     ///< sum over rows of |x|^4
  double tau = 0;
  double cut = 0;
  Index constant_features = 0;
  Index levels = 0;
  std::vector<double> means;            ///< of the neurons as stored, where they are asked for

  Index rank() const { return static_cast<Index>(singular_values.size()); }
};

/// JSON text and back.
std::string to_json(FactorSummary const& summary);
FactorSummary factor_summary_from_json(std::string const& text);

}  // namespace confer
