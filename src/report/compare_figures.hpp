/// The figures of a comparison, each as a Vega-Lite specification with its data.
#pragma once

#include "report/comparison.hpp"
#include "report/figure.hpp"
#include "report/ordering.hpp"

namespace confer::report {

/// What several figures share: one order of the rows per measure, computed once.
struct Orders {
  std::vector<std::size_t> network, depth, clustering;
};

/// Matrix of all pairs of one measure. Up to `most_exact` representations every pair is a cell; beyond, cells are means
/// over blocks of neighbouring rows in each order, so that the page stays small.
inline constexpr std::size_t most_exact = 150;
Figure heatmap(Comparison const& comparison, MeasureView const& measure, Orders const& orders);

/// The tree of average-linkage clustering.
Figure dendrogram(Comparison const& comparison, MeasureView const& measure, Linkage const& linkage,
                  std::vector<std::size_t> const& cluster);

/// Similarity of equal layers in different networks, along depth; by pair or by group of networks. Empty
/// specification when no layer occurs in two networks.
Figure layer_curves(Comparison const& comparison);

/// Similarity of each layer to its own state at the last step of its network. Empty when every network has one step.
Figure convergence(Comparison const& comparison);

/// Checkpoints in the plane: classical scaling of mean distances between equal layers. Empty for fewer than three.
Figure embedding(Comparison const& comparison);

/// Sorted canonical correlations of pairs with the edge of what chance produces. Empty without --coefficients.
Figure canonical_correlations(Comparison const& comparison, ResultSet const& results);

/// Each pair's value against its chance level. Empty when no measure has one.
Figure value_against_chance(Comparison const& comparison);

/// Values of the parameter `measure` and their texts.
std::vector<std::pair<std::string, std::string>> measure_options(Comparison const& comparison);

}  // namespace confer::report
