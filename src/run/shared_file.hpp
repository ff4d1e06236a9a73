/// The file in the basis store that a group of ranks writes together, and what becomes of a factor that failed.
#pragma once

#include "run/activation_source.hpp"
#include "run/factor_one.hpp"
#include "run/factor_output.hpp"
#include "run/group_work.hpp"

namespace confer {

/// The samples, or the features of a wide matrix, that a rank of the group reads.
ActivationPart part_of_rank(Representation const& r, FactorMethod const& method, Communicator const& group);

/// Collective step. Opens the file on all ranks of the group, created by the first, for so many directions.
FactorPieces open_pieces(GroupWork& work, FactorTask const& task, Index kept, ActivationPart const& part);

/// Collective. Ends the file that all ranks have written to.
void finish_pieces(Communicator const& group, FactorPieces& pieces, FactorSummary const& summary);

/// Collective, when the work has failed. The status of the representation: bad values as all ranks have seen them, or
/// why it cannot be read. Errors of other kinds are thrown on all ranks.
FactorSummary failed_summary(GroupWork const& work, FactorTask const& task, StoredValues const& seen);

}  // namespace confer
