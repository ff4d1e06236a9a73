/// Memory of analyses that take layers one by one: what each takes at the most, known before work begins.
#pragma once

#include <string>

#include "confer/comm/communicator.hpp"
#include "confer/model/catalog.hpp"
#include "confer/model/config.hpp"
#include "confer/model/representation.hpp"

namespace confer {

/// Bytes that may be taken for layers that are read once and kept, however much memory there is.
inline constexpr Index usually_kept_bytes = Index{192} << 20;

/// Collective. What a rank may still take, with the largest demands that have come up.
class MemoryBudget {
 public:
  MemoryBudget(Communicator const& comm, Communicator const& node, RunOptions const& run);

  double allowed() const { return allowed_; }

  /// Throws UsageError, naming the layer and what helps, when `bytes` for it are more than allowed.
  /// what: "to align", "to follow", ...
  void require(char const* what, Representation const& representation, double bytes) const;
  /// The same for what the first rank gathers.
  void require_of_first_rank(char const* what, double bytes) const;

 private:
  double allowed_ = 0;
};

/// To align one representation with targets of so many outputs in all. `whole`: its activations are held.
double align_memory(Catalog const& catalog, Representation const& representation, JobConfig const& config,
                    Index outputs, bool whole);

/// What the first rank holds of one aligned representation: as it came, as it is taken apart, as it is written.
double aligned_bytes(Representation const& representation, Index targets, Index outputs);

/// Bytes of activations that are to be kept, usually_kept_bytes or 0: as many as `bytes_when(whole)` leaves room for.
template <class BytesWhen>
Index kept_bytes_within(double allowed, BytesWhen const& bytes_when) {
  return bytes_when(true) <= allowed ? usually_kept_bytes : 0;
}

/// To follow one layer over training, three factors at a time.
double convergence_memory(Catalog const& catalog, Representation const& representation, JobConfig const& config,
                          bool whole);

/// To compare the time steps of one layer.
double sequence_memory(Representation const& representation);

/// To fit so many inputs at once of a hidden layer, with the output beside it.
double fit_memory(Representation const& hidden, Representation const& output, Index inputs);

/// To tell the units of a layer apart, or of two: means and variances.
double census_memory(Representation const& representation, bool variances);

/// To read the neurons of a layer for matching.
double neuron_side_memory(Catalog const& catalog, Representation const& representation);

}  // namespace confer
