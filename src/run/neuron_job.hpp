/// Measures made of neurons over all pairs of a comparison: standardised activations in the store, correlations of two
/// panels by one product, then the best partners and the one-to-one matching of every pair.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "confer/io/basis_store.hpp"
#include "confer/model/config.hpp"
#include "run/factor_stage.hpp"
#include "run/pair_stage.hpp"

namespace confer {

/// The key of a representation's standardised activations in the store, from the key of its factor.
std::string neuron_key(std::string const& factor_key);

/// Stores the centred columns of norm one of the neurons that vary (rows x live; single precision unless exact).
/// They are not taken from a factor, whose truncation is relative to the largest neuron. `read` fills features x count.
/// Returns how many there are.
Index store_neurons(Index rows, Index features, std::function<void(Index begin, MatrixView<double> out)> const& read,
                    bool exact, BasisStore const& store, std::string const& key);

/// Arguments as of covariance_job.
PairJob neuron_job(JobConfig const& config, std::vector<Index> const& rows, std::vector<Index> const& groups,
                   FactoredSet const& set, BasisStore const& store, std::vector<Measure const*> const& measures,
                   std::vector<std::size_t> columns, std::function<bool(Index row, Index col)> selected);

}  // namespace confer
