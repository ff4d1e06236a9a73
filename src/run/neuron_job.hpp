/// Measures made of neurons over all pairs of a comparison: standardised activations in the store, correlations of two
/// panels by one product, then the best partners and the one-to-one matching of every pair.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "confer/comm/communicator.hpp"
#include "confer/io/basis_store.hpp"
#include "confer/model/catalog.hpp"
#include "confer/model/config.hpp"
#include "confer/model/pair_memory.hpp"
#include "confer/model/representation.hpp"
#include "run/factor_stage.hpp"
#include "run/pair_stage.hpp"

namespace confer {

/// Standardised activations in the store, the same on every rank: the centred columns of norm one of the neurons that
/// vary (rows x live; single precision unless exact).
struct NeuronSet {
  std::vector<std::string> keys;  ///< empty for a representation that cannot be used
  std::vector<Index> live;        ///< neurons that vary
  bool stopped = false;
};

/// What they are made from. Not from the factors, whose truncation is relative to the largest neuron.
struct NeuronSource {
  Catalog const& catalog;
  std::vector<Representation> const& representations;
  JobConfig const& config;
  FactoredSet const& factors;
  std::vector<std::string> const& keys;  ///< of the representations
  BasisStore const& store;
  double window_bytes = PanelLimits().neuron_window;  ///< of activations that are read once and kept
};

/// Collective. Reads the usable representations again and stores their neurons, each once, in bounded memory.
NeuronSet store_neurons(Communicator const& comm, Communicator const& node, NeuronSource const& source,
                        bool visible_everywhere, FactorStageControl const& control);

/// Arguments as of covariance_job.
PairJob neuron_job(JobConfig const& config, std::vector<Index> const& rows, std::vector<Index> const& groups,
                   NeuronSet const& set, BasisStore const& store, std::vector<Measure const*> const& measures,
                   std::vector<std::size_t> columns, std::function<bool(Index row, Index col)> selected,
                   PanelLimits const& limits);

}  // namespace confer
