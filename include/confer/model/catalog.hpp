/// What the input files hold: checkpoints, their layers, shards and targets, and what was refused and why.
///
/// A Catalog is a value: rank 0 builds it from headers (io/catalog_reader), all ranks receive it as text.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "confer/core/types.hpp"

namespace confer {

/// Name of one dimension of a stored activation array. A "channel" axis is the neuron axis.
enum class Axis { step, sample, neuron, height, width, time };

/// The stored number type, which decides the rounding error of the data. Integers are exact.
enum class StoredType { float16, float32, float64, integer };

/// Unit roundoff of a stored type: 2^-11, 2^-24, 2^-53 (integers: 2^-53).
double unit_roundoff(StoredType type);
std::string to_string(StoredType type);
std::string to_string(Axis axis);

/// One activation array of a checkpoint.
struct LayerInfo {
  std::string name;                   ///< "conv1", "block.2.mlp", nested groups joined by '/'
  Index depth = 0;                    ///< position in the file's `layers` attribute
  StoredType type = StoredType::float32;
  std::vector<Axis> axes;             ///< in stored order
  std::vector<Index> extents;         ///< along axes; the sample extent is the total over all shards
  std::string storage;                ///< "contiguous", "chunks 64x64, gzip": for people
  Index stored_bytes = 0;             ///< that its values take in the files
  std::vector<std::string> warnings;  ///< what weakens results from this layer

  /// Extent along an axis; 1 when the array has no such axis.
  Index extent(Axis axis) const;
  bool has(Axis axis) const;
};

/// One target array: class labels, or real targets with `columns` outputs.
struct TargetInfo {
  std::string name;
  bool labels = false;
  Index columns = 1;
};

/// One file with a contiguous range of samples.
struct Shard {
  std::string path;
  Index first_sample = 0;
  Index samples = 0;
  Index bytes = 0;          ///< size of the file
  Index modified = 0;       ///< modification time in nanoseconds since the epoch
};

/// A metadata attribute of the files, to group and plot by.
using MetadataValue = std::variant<double, std::string>;

/// One network at one training step.
struct Checkpoint {
  std::string network;
  Index step = 0;
  std::optional<Index> step_row;    ///< row along Axis::step when the file is a trajectory
  std::string inputs_id;
  Index total_samples = 0;
  std::vector<Shard> shards;        ///< ordered by first_sample, covering 0..total_samples
  std::vector<LayerInfo> layers;    ///< in depth order
  std::vector<TargetInfo> targets;
  std::map<std::string, MetadataValue> metadata;
  std::vector<std::string> warnings;

  std::string label() const;                           ///< "network@step"
  std::string label(LayerInfo const& layer) const;     ///< "network@step/layer"
};

/// Something that was found but cannot be used, and why.
struct Refusal {
  std::string label;    ///< "network@step", "network@step/layer", or the file where nothing better is known
  std::string file;
  std::string dataset;  ///< empty when the whole file is meant
  std::string reason;
  std::string advice;
};

/// Everything found under the DATA arguments, ordered by network, step, depth.
struct Catalog {
  std::vector<Checkpoint> checkpoints;
  std::vector<Refusal> refusals;
};

/// JSON text of a catalog and back: `confer catalog --json`, and what is broadcast.
std::string to_json(Catalog const& catalog, int indent = -1);
Catalog catalog_from_json(std::string const& text);

}  // namespace confer
