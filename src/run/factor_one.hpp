/// Factors one representation, on one rank or on a group of them, and puts the result into the store.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "confer/comm/communicator.hpp"
#include "confer/io/basis_store.hpp"
#include "confer/linalg/factor.hpp"
#include "confer/model/catalog.hpp"
#include "confer/model/config.hpp"
#include "confer/model/factor_plan.hpp"
#include "confer/model/factor_summary.hpp"
#include "confer/model/representation.hpp"
#include "run/activation_source.hpp"

namespace confer {

/// What later stages want from the factors.
struct FactorNeeds {
  bool basis = true;
  bool loadings = false;
  bool truncated = false;  ///< only the leading components are ever used
  bool means = false;      ///< of the neurons
  bool neurons = false;    ///< standardised activations beside the factors
};

/// One representation and all that its factor depends on. What it refers to must outlive it.
struct FactorTask {
  Catalog const& catalog;
  Representation const& representation;
  JobConfig const& config;
  FactorNeeds const& needs;
  BasisStore const& store;
  std::string const& key;
  FactorMethod method;

  LayerInfo const& layer() const {
    return catalog.checkpoints[static_cast<std::size_t>(representation.checkpoint)]
        .layers[static_cast<std::size_t>(representation.layer)];
  }
};

/// The representation as the plan of factors sees it.
FactorShape factor_shape(Catalog const& catalog, Representation const& representation, JobConfig const& config,
                         FactorNeeds const& needs);

/// On this rank alone. Bad values and unreadable files become a status.
FactorSummary factor_one(FactorTask const& task);

/// Collective over the group. Every rank reads its part of the rows (of the features, if there are more of them), and
/// writes its part of the factor. The same summary on all; nothing when a stop was requested of any of them.
std::optional<FactorSummary> factor_shared(Communicator const& group, FactorTask const& task,
                                           std::function<bool()> const& stop_requested);

/// Collective over the group. The square matrices too are dealt out, in blocks, to be decomposed by ScaLAPACK.
std::optional<FactorSummary> factor_dealt(Communicator const& group, FactorTask const& task,
                                          std::function<bool()> const& stop_requested);

/// Thrown when all values have been read and some are not finite; what was seen tells which.
struct NonFiniteValues {};
StoredNorm stored_norm(StoredValues const& seen);

/// Shared by these: method and amount of the factor, its summary, and what is left of one that failed.
FactorOptions factor_options(FactorTask const& task);
/// `sum_squared_row_norms`: in the unit of the summary, as everything in it and in the store.
FactorSummary summarise(Factor const& factor, double sum_squared_row_norms);
std::pair<RepresentationStatus, std::string> without_directions(Factor const& factor);  ///< and why it has none
double unit_of(std::vector<double> const& singular_values);
/// Squared norms of rows in that unit.
std::vector<double> in_units(std::span<double const> squared_norms, double unit);
FactorSummary nonfinite_summary(Representation const& representation, StoredValues const& seen);
FactorSummary unreadable_summary(Representation const& representation, std::string const& why);

}  // namespace confer
