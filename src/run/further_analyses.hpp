/// Analyses beside the theory: time steps of sequences, groups of networks, units of autoencoders.
#pragma once

#include <string>
#include <vector>

#include "confer/comm/communicator.hpp"
#include "confer/model/catalog.hpp"
#include "confer/model/config.hpp"
#include "confer/model/representation.hpp"
#include "confer/model/result_set.hpp"

namespace confer {

/// The selected layers that have an axis of time, with all of their time steps.
std::vector<Representation> select_sequences(Catalog const& catalog, Selection selection);

/// Collective. Every time step of a sequence layer as a representation: similarity of all pairs of time steps, and to
/// the last one. Appends to `results` on rank 0; returns what could not be computed, a line each.
std::vector<std::string> add_sequences(ResultSet& results, Catalog const& catalog, JobConfig const& config,
                                       Communicator const& comm);

/// Collective. Networks grouped by the values of file attributes: mean similarity within and between groups at the last
/// step, with bootstrap intervals over networks, and how well clusters of networks agree with the groups.
std::vector<std::string> add_groups(ResultSet& results, Catalog const& catalog, JobConfig const& config,
                                    Communicator const& comm);

/// Collective. Census of the latent units of autoencoders.
std::vector<std::string> add_census(ResultSet& results, Catalog const& catalog, JobConfig const& config,
                                    Communicator const& comm);

/// What convergence, sequences, groups and census found, a few lines each; reads the variables they appended.
std::string further_summary(ResultSet const& results);

}  // namespace confer
