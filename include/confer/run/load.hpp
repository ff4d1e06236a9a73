/// The first phase of every job: what is there, and whether it can be used.
#pragma once

#include "confer/comm/communicator.hpp"
#include "confer/model/catalog.hpp"
#include "confer/model/config.hpp"

namespace confer {

/// Collective. Rank 0 reads the headers of config.selection.data, all ranks receive the catalog; a failure is the same
/// error on every rank. With config.run.strict the values are scanned too, and any refusal is an InputError that
/// lists the first ones.
Catalog load_catalog(JobConfig const& config, Communicator const& comm);

/// Collective. Reads all values that `selection` picks, split over the ranks, and moves every layer with values that
/// are not finite, or that cannot be read, to the refusals. A checkpoint without layers goes too. All ranks end with
/// the same catalog.
void refuse_bad_values(Catalog& catalog, Selection const& selection, Communicator const& comm);

/// Throws InputError listing the first refusals when there are any.
void require_no_refusals(Catalog const& catalog);

}  // namespace confer
