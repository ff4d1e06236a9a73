/// The results of `match` in the shape figures are made from, and those figures.
#pragma once

#include <string>
#include <vector>

#include "confer/model/result_set.hpp"
#include "report/figure.hpp"

namespace confer::report {

/// The results of `match`; references into a ResultSet that outlives this.
struct MatchingView {
  ResultSet const* results = nullptr;
  std::size_t pairs = 0, neurons = 0;
  std::vector<std::string> pair;      ///< printable names
  std::vector<std::string> networks;  ///< of each pair, "a ~ b" with steps
  std::vector<std::string> layer;     ///< of each pair: one name, or two
  std::vector<std::string> layers;    ///< distinct, in order of appearance
  std::vector<std::size_t> matched;   ///< pairs with values
  std::vector<std::size_t> shown;     ///< those with figures of their own

  double of_pair(std::string const& name, std::size_t p) const { return results->doubles(name)[p]; }
  double of_side(std::string const& name, std::size_t p, std::size_t direction) const {
    return results->doubles(name)[2 * p + direction];
  }
};

/// Throws std::out_of_range when variables are missing.
MatchingView view_matching(ResultSet const& results);

/// Figures are empty (specification null) when there is nothing to show. Those of one pair follow the parameter "pair".
Figure layers_of_matching(MatchingView const& view);
Figure sorted_correlations(MatchingView const& view);
Figure error_against_weights(MatchingView const& view);
Figure matched_matrices(MatchingView const& view);
Figure clustered_matrix(MatchingView const& view);

}  // namespace confer::report
