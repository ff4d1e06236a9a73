/// The header of one acts/1 file: everything except the values.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "confer/model/catalog.hpp"
#include "io/layer_header.hpp"

namespace confer {

/// A step that a file holds: the only one, or a row of a trajectory.
struct FileStep {
  Index step = 0;
  std::optional<Index> row;
  std::map<std::string, MetadataValue> metadata;
};

/// One file with its layers' sample extents as in this file alone.
struct FileHeader {
  Shard shard;
  std::string network;
  std::string inputs_id;
  Index total_samples = 0;
  std::vector<FileStep> steps;
  std::vector<std::string> layer_names;  ///< as listed, in depth order
  std::vector<LayerHeader> layers;       ///< one for each name
  std::vector<TargetInfo> targets;
  std::vector<std::string> warnings;
};

/// A file that cannot be used at all.
struct RefusedFile {
  std::string label;  ///< "network@step" when that much could be read, else the path
  Problem problem;
};

/// Why a file that this program wrote is no data.
inline constexpr char const* results_reason = "it holds results of confer, not activations";

/// Reads the header of one file; never throws for what the file holds.
std::variant<FileHeader, RefusedFile> read_file_header(std::string const& path);

}  // namespace confer
