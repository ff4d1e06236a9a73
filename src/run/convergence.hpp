/// How layers approach their final state over training: similarity of every step to the last, canonical correlations,
/// and directions that are stable or not (Morcos, Raghu, Bengio 2018).
#pragma once

#include <string>
#include <vector>

#include "confer/comm/communicator.hpp"
#include "confer/model/catalog.hpp"
#include "confer/model/config.hpp"
#include "confer/model/representation.hpp"
#include "confer/model/result_set.hpp"

namespace confer {

/// One layer of one network over its steps, in order.
struct LayerSeries {
  std::string network, layer;
  Index depth = 0;
  std::vector<Index> steps;
  std::vector<Representation> representations;
};

/// The series of two steps and more that the selection picks.
std::vector<LayerSeries> layer_series(Catalog const& catalog, std::vector<Representation> const& representations);

/// Kendall's tau-b of two samples; NaN when one is constant.
double kendall(std::vector<double> const& x, std::vector<double> const& y);

/// Collective. Appends to `results` on rank 0. Returns what could not be computed, a line each.
std::vector<std::string> add_convergence(ResultSet& results, Catalog const& catalog, JobConfig const& config,
                                         Communicator const& comm);

}  // namespace confer
