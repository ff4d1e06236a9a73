/// Targets of one checkpoint as matrices, with the reason why one cannot be used.
#pragma once

#include <string>
#include <vector>

#include "confer/io/open_files.hpp"
#include "confer/linalg/matrix.hpp"
#include "confer/model/catalog.hpp"
#include "confer/model/representation.hpp"
#include "run/align_types.hpp"

namespace confer {

struct PreparedTarget {
  TargetStatus status = TargetStatus::ok;
  std::string detail;
  std::string key;
  bool labels = false;
  std::vector<std::string> output_names;  ///< one per column; empty for a single output
  Matrix<double> values;                  ///< samples x outputs, as stored; labels as -1/+1 or one-hot
};

/// Reads the target for the samples of a representation. Bad targets become a status.
/// files: when there are any, the shards are opened there.
PreparedTarget prepare_target(Catalog const& catalog, Representation const& representation, std::string const& name,
                              OpenFiles* files = nullptr);

/// Throws UsageError, or InputError with the reason, when no selected checkpoint holds the target.
void check_target_names(Catalog const& catalog, std::vector<Representation> const& representations,
                        std::vector<std::string> const& names);

}  // namespace confer
