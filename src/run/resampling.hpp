/// Factors of the same representations with their samples drawn anew, for standard errors and for chance levels.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "confer/comm/communicator.hpp"
#include "confer/io/basis_store.hpp"
#include "confer/model/representation.hpp"
#include "run/factor_stage.hpp"

namespace confer {

/// How samples are drawn. Always whole samples: the positions and time steps of one are not independent.
enum class Resampling {
  bootstrap,    ///< as many as there are, with replacement; the same for all representations
  permutation,  ///< relabelled, each representation by itself
  jackknife     ///< all but those of one block; the same for all representations
};

/// One draw. Its random numbers follow from the number alone (of a permutation: and from the label of the
/// representation).
struct Draw {
  Resampling kind;
  Index number;      ///< from 0; of the jackknife: the block that is left out
  Index blocks = 0;  ///< of the jackknife
};

/// How often each of so many samples is in a draw of the bootstrap or of the jackknife.
std::vector<double> sample_counts(Draw const& draw, Index samples);

/// What factors are drawn from; what it refers to must outlive it.
struct ResamplingSource {
  std::vector<Representation> const& representations;
  FactoredSet const& factors;  ///< with whole bases in `store`, not only their leading components
  JobConfig const& config;
  BasisStore const& store;
  double permuted_bytes;  ///< of rows that are held while they are put in another order; changes no result
};

/// Collective. The factors of one draw, in the store under keys of their own. No file is read again: a factor of the
/// drawn rows follows from that of all rows. Nothing when a stop was requested.
std::optional<FactoredSet> resampled_factors(Communicator const& comm, Communicator const& node,
                                             ResamplingSource const& source, Draw const& draw, bool visible_everywhere,
                                             std::function<bool()> const& stop_requested);

/// Collective. Removes them again.
void discard_factors(Communicator const& comm, Communicator const& node, FactoredSet const& drawn,
                     BasisStore const& store);

}  // namespace confer
