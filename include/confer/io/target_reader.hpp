/// Reads the targets stored beside the activations of a checkpoint.
#pragma once

#include <string>
#include <vector>

#include "confer/io/open_files.hpp"
#include "confer/linalg/matrix.hpp"
#include "confer/model/catalog.hpp"

namespace confer {

/// Values of one target for samples [begin, begin + count): class labels, or a samples x columns matrix.
struct TargetValues {
  std::string name;
  bool is_labels = false;
  std::vector<Index> labels;   ///< when is_labels
  Matrix<double> values;       ///< samples x columns otherwise
};

/// Throws InputError naming file and dataset: missing, other length, wrong type, not finite.
/// files: when there are any, the shards are opened there.
TargetValues read_target(Catalog const& catalog, Index checkpoint, std::string const& name, Index begin, Index count,
                         OpenFiles* files = nullptr);

/// Values over steps of a trajectory's /scalars/<name>. Empty when the file has none of that name.
std::vector<double> read_scalar_series(Checkpoint const& checkpoint, std::string const& name);

}  // namespace confer
