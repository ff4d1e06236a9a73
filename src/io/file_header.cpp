#include "io/file_header.hpp"

#include <hdf5.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <set>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"

namespace confer {

namespace {

using h5::Handle;

constexpr char const* format_read_here = "acts/1";
constexpr Index most_steps = 10'000'000;

// Thrown and caught in this file: the file is refused.
struct Refuse {
  std::string reason;
  std::string advice;
};

Shard stat_file(std::string const& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) throw Refuse{std::strerror(errno), "check the path and its permissions"};
  if (!S_ISREG(info.st_mode)) throw Refuse{"it is not a regular file", "name an HDF5 file"};
  Shard shard;
  shard.path = path;
  shard.bytes = static_cast<Index>(info.st_size);
  shard.modified = static_cast<Index>(info.st_mtim.tv_sec) * 1'000'000'000 + static_cast<Index>(info.st_mtim.tv_nsec);
  return shard;
}

std::string required_text(h5::Id file, std::string const& name, h5::Place const& place) {
  auto const text = h5::string_attribute(file, name, place);
  if (!text || text->empty()) throw Refuse{"it has no text attribute '" + name + "'", "write all acts/1 attributes"};
  if (!is_utf8(*text)) throw Refuse{"its attribute '" + name + "' is not UTF-8 text", "write it as UTF-8"};
  return *text;
}

Index required_integer(h5::Id file, std::string const& name, h5::Place const& place) {
  auto const value = h5::integer_attribute(file, name, place);
  if (!value) throw Refuse{"it has no integer attribute '" + name + "'", "write all acts/1 attributes"};
  return *value;
}

void check_format(h5::Id file, h5::Place const& place) {
  auto const format = h5::string_attribute(file, "format", place);
  if (!format)
    throw Refuse{"it has no attribute 'format': it is not a file of activations",
                 "leave it out, or convert it with the exporter"};
  if (format->starts_with("confer-results/")) throw Refuse{results_reason, "name files of activations"};
  if (*format != format_read_here)
    throw Refuse{"its format is '" + printable(*format) + "' and only '" + format_read_here + "' can be read",
                 "convert it with the exporter"};
}

std::map<std::string, MetadataValue> read_metadata(h5::Id file, h5::Place const& place) {
  static std::set<std::string, std::less<>> const reserved = {"format",       "network",       "step",  "inputs_id",
                                                              "first_sample", "total_samples", "layers"};
  std::map<std::string, MetadataValue> metadata;
  for (auto const& name : h5::attribute_names(file, place)) {
    if (reserved.contains(name) || !is_utf8(name)) continue;
    if (auto const number = h5::number_attribute(file, name, place))
      metadata[name] = *number;
    else if (auto const text = h5::string_attribute(file, name, place))
      metadata[name] = to_utf8(*text);
  }
  return metadata;
}

// The steps of a trajectory file, each with its scalars (losses) as metadata.
std::vector<FileStep> read_trajectory(h5::Id file, std::string const& path,
                                      std::map<std::string, MetadataValue> const& metadata,
                                      std::vector<std::string>& warnings) {
  h5::Place const place{path, "/steps"};
  auto const steps = h5::read_integers(open_inside(file, place), place, most_steps);
  if (steps.empty()) throw Refuse{"its dataset '/steps' is empty", "write at least one step"};
  std::vector<FileStep> result;
  std::set<Index> seen;
  for (std::size_t row = 0; row < steps.size(); ++row) {
    if (!seen.insert(steps[row]).second)
      throw Refuse{"step " + std::to_string(steps[row]) + " occurs twice in '/steps'", "write every step once"};
    result.push_back({steps[row], static_cast<Index>(row), metadata});
  }
  if (!h5::has_link(file, "scalars")) return result;
  h5::Place const scalars{path, "/scalars"};
  for (auto const& name : h5::link_names(h5::open_group(file, "scalars", scalars), scalars)) {
    h5::Place const where{path, "/scalars/" + name};
    try {
      auto const values = h5::read_doubles(open_inside(file, where), where, static_cast<Index>(steps.size()));
      if (values.size() != steps.size() || !is_utf8(name)) throw InputError("", "it has not one value for each step");
      for (std::size_t row = 0; row < steps.size(); ++row) result[row].metadata[name] = values[row];
    } catch (InputError const& error) {
      warnings.push_back("'" + printable(where.object) + "' is ignored: " + error.reason());
    }
  }
  return result;
}

std::optional<TargetInfo> read_target(h5::Id file, h5::Place const& place, std::string const& name, Index samples,
                                      Index file_bytes, std::string& reason) {
  Handle const dataset = open_inside(file, place);
  Handle const type(h5::check(H5Dget_type(dataset), place));
  auto const stored = stored_type(type);
  auto const extents = h5::extents(dataset, place);
  if (!stored) {
    reason = "it holds no numbers";
  } else if (extents.empty() || extents.size() > 2) {
    reason = "it has " + std::to_string(extents.size()) + " dimensions instead of 1 or 2";
  } else if (extents[0] != samples) {
    reason =
        "it has " + format_count(extents[0]) + " rows and the activations have " + format_count(samples) + " samples";
  } else if (extents.size() == 2 && extents[1] == 0) {
    reason = "it has no columns";
  } else if (auto const problem = unreadable_storage(dataset, place, file_bytes)) {
    reason = problem->reason;
  } else {
    bool const labels = extents.size() == 1 && *stored == StoredType::integer;
    return TargetInfo{name, labels, extents.size() == 2 ? extents[1] : 1};
  }
  return std::nullopt;
}

void read_targets(h5::Id file, FileHeader& header) {
  h5::Place const group{header.shard.path, "/targets"};
  if (header.shard.samples == 0 || !h5::has_link(file, "targets")) return;
  std::vector<std::string> names;
  try {
    names = h5::link_names(h5::open_group(file, "targets", group), group);
  } catch (InputError const& error) {
    header.warnings.push_back("'/targets' is ignored: " + error.reason());
  }
  for (auto const& name : names) {
    h5::Place const place{header.shard.path, "/targets/" + name};
    std::string reason;
    try {
      if (!is_utf8(name)) throw InputError("", "its name is not UTF-8 text");
      auto const target = read_target(file, place, name, header.shard.samples, header.shard.bytes, reason);
      if (target) header.targets.push_back(*target);
    } catch (InputError const& error) {
      reason = error.reason();
    }
    if (!reason.empty()) header.warnings.push_back("target '" + printable(name) + "' is ignored: " + reason);
  }
}

// The number of samples is what the usable layers agree on.
void count_samples(FileHeader& header) {
  LayerInfo const* first = nullptr;
  for (auto const& layer : header.layers) {
    if (layer.problem) continue;
    if (first == nullptr) first = &layer.info;
    if (layer.info.extent(Axis::sample) != first->extent(Axis::sample))
      throw Refuse{"its layers differ in length: '" + printable(first->name) + "' has " +
                       format_count(first->extent(Axis::sample)) + " samples, '" + printable(layer.info.name) +
                       "' has " + format_count(layer.info.extent(Axis::sample)),
                   "write the file again"};
  }
  if (first == nullptr) return;
  header.shard.samples = first->extent(Axis::sample);
  // Compared so that no sum of absurd numbers can overflow.
  if (header.shard.samples > header.total_samples - header.shard.first_sample)
    throw Refuse{"its " + format_count(header.shard.samples) + " samples from number " +
                     format_count(header.shard.first_sample) + " on do not fit total_samples " +
                     format_count(header.total_samples),
                 "correct first_sample and total_samples"};
}

void read_header(FileHeader& header, std::string& label) {
  std::string const path = header.shard.path;
  h5::Place const place{path, {}};
  if (!is_utf8(path)) throw Refuse{"its path is not UTF-8 text", "rename it"};
  header.shard = stat_file(path);
  Handle const file = h5::open_file(path);
  check_format(file, place);
  header.network = required_text(file, "network", place);
  bool const trajectory = !h5::has_attribute(file, "step");
  if (trajectory && !h5::has_link(file, "steps"))
    throw Refuse{"it has neither an attribute 'step' nor a dataset '/steps'", "write one of them"};
  auto const metadata = read_metadata(file, place);
  if (trajectory)
    header.steps = read_trajectory(file, path, metadata, header.warnings);
  else
    header.steps = {FileStep{required_integer(file, "step", place), std::nullopt, metadata}};
  if (!trajectory) label = header.network + "@" + std::to_string(header.steps.front().step);

  header.inputs_id = required_text(file, "inputs_id", place);
  header.shard.first_sample = required_integer(file, "first_sample", place);
  header.total_samples = required_integer(file, "total_samples", place);
  if (header.total_samples <= 0 || header.shard.first_sample < 0 || header.shard.first_sample >= header.total_samples)
    throw Refuse{"first_sample " + std::to_string(header.shard.first_sample) + " and total_samples " +
                     std::to_string(header.total_samples) + " make no sense",
                 "first_sample counts from 0 and is less than total_samples"};
  auto const names = h5::string_list_attribute(file, "layers", place);
  if (!names || names->empty()) throw Refuse{"its attribute 'layers' lists no layers", "list them in depth order"};
  header.layer_names = *names;

  std::optional<Index> steps;
  if (trajectory) steps = static_cast<Index>(header.steps.size());
  std::set<std::string> seen;
  for (std::size_t i = 0; i < names->size(); ++i) {
    if (!seen.insert((*names)[i]).second)
      throw Refuse{"its attribute 'layers' lists '" + printable((*names)[i]) + "' twice", "list every layer once"};
    header.layers.push_back(read_layer_header(file, path, (*names)[i], steps, header.shard.bytes));
    header.layers.back().info.depth = static_cast<Index>(i);
  }
  count_samples(header);
  read_targets(file, header);
}

}  // namespace

std::variant<FileHeader, RefusedFile> read_file_header(std::string const& path) {
  FileHeader header;
  header.shard.path = path;
  std::string label = path;
  try {
    read_header(header, label);
    return header;
  } catch (Refuse const& refuse) {
    return RefusedFile{label, {{}, refuse.reason, refuse.advice}};
  } catch (InputError const& error) {
    return RefusedFile{label, {{}, error.reason(), error.advice()}};
  }
}

}  // namespace confer
