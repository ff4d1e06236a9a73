#include "confer/io/catalog_reader.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"
#include "io/file_header.hpp"
#include "io/header_record.hpp"
#include "io/probe.hpp"

namespace confer {

namespace {

/// One file's share of a checkpoint.
struct Part {
  FileHeader const* file;
  FileStep const* step;
};

std::string samples_text(Shard const& shard) {
  return std::to_string(shard.first_sample) + ":" + std::to_string(shard.first_sample + shard.samples);
}

std::string quoted(std::string const& path) { return "'" + printable(path) + "'"; }

// What all shards of a checkpoint have to say alike; empty when they do.
std::string contradiction(Part const& a, Part const& b) {
  auto const between = [&](std::string const& what) {
    return quoted(a.file->shard.path) + " and " + quoted(b.file->shard.path) + " differ in " + what;
  };
  if (a.file->inputs_id != b.file->inputs_id) return between("inputs_id");
  if (a.file->total_samples != b.file->total_samples) return between("total_samples");
  if (a.file->layer_names != b.file->layer_names) return between("their lists of layers");
  if (a.step->row != b.step->row) return between("the row of this step");
  for (std::size_t i = 0; i < a.file->layers.size(); ++i) {
    auto const& [layer_a, problem_a] = a.file->layers[i];
    auto const& [layer_b, problem_b] = b.file->layers[i];
    if (problem_a || problem_b) continue;
    bool alike = layer_a.axes == layer_b.axes;
    for (std::size_t k = 0; alike && k < layer_a.axes.size(); ++k)
      alike = layer_a.axes[k] == Axis::sample || layer_a.extents[k] == layer_b.extents[k];
    if (!alike) return between("the shape of layer '" + printable(layer_a.name) + "'");
  }
  return {};
}

// Whether the parts, ordered by first sample, cover 0..total exactly; empty when they do.
std::string coverage_gap(std::vector<Part> const& parts) {
  Index next = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto const& shard = parts[i].file->shard;
    if (shard.first_sample > next)
      return "samples " + std::to_string(next) + ":" + std::to_string(shard.first_sample) +
             " are missing: no file of this checkpoint holds them";
    if (shard.first_sample < next) {
      auto const& before = parts[i - 1].file->shard;
      std::string const both = quoted(before.path) + " and " + quoted(shard.path);
      return before.first_sample == shard.first_sample && before.samples == shard.samples
                 ? "two files hold samples " + samples_text(shard) + " of this checkpoint: " + both
                 : "shards overlap: " + both + " hold samples " + samples_text(before) + " and " + samples_text(shard);
    }
    next += shard.samples;
  }
  Index const total = parts.front().file->total_samples;
  if (next < total)
    return "samples " + std::to_string(next) + ":" + std::to_string(total) + " are missing: total_samples is " +
           std::to_string(total) + ", and no file of this checkpoint holds them";
  return {};
}

// Metadata that differ between shards belong to the shard, not to the checkpoint.
std::map<std::string, MetadataValue> common_metadata(std::vector<Part> const& parts) {
  auto const is_nan = [](MetadataValue const& value) {
    auto const* number = std::get_if<double>(&value);
    return number != nullptr && std::isnan(*number);
  };
  auto common = parts.front().step->metadata;
  for (auto const& part : parts)
    std::erase_if(common, [&](auto const& entry) {
      auto const other = part.step->metadata.find(entry.first);
      if (other == part.step->metadata.end()) return true;
      return other->second != entry.second && !(is_nan(other->second) && is_nan(entry.second));
    });
  return common;
}

std::vector<TargetInfo> common_targets(std::vector<Part> const& parts, std::vector<std::string>& warnings) {
  std::vector<TargetInfo> common;
  std::set<std::string> dropped;
  auto const find = [](FileHeader const& file, std::string const& name) {
    return std::find_if(file.targets.begin(), file.targets.end(), [&](auto const& t) { return t.name == name; });
  };
  for (auto const& part : parts)
    for (auto const& target : part.file->targets) {
      bool everywhere = true;
      for (auto const& other : parts) {
        auto const match = find(*other.file, target.name);
        everywhere = everywhere && match != other.file->targets.end() && match->labels == target.labels &&
                     match->columns == target.columns;
      }
      if (!everywhere)
        dropped.insert(target.name);
      else if (&part == &parts.front())
        common.push_back(target);
    }
  for (auto const& name : dropped)
    warnings.push_back("target '" + printable(name) + "' is ignored: the shards do not all hold it alike");
  return common;
}

// The layer over all shards: extents add up, the coarsest number type counts, warnings are collected.
LayerInfo join_layer(std::vector<Part> const& parts, std::size_t index, Index total_samples) {
  LayerInfo layer = parts.front().file->layers[index].info;
  for (std::size_t k = 0; k < layer.axes.size(); ++k)
    if (layer.axes[k] == Axis::sample) layer.extents[k] = total_samples;
  layer.warnings.clear();
  layer.stored_bytes = 0;
  std::set<std::string> storages, types;
  for (auto const& part : parts) {
    auto const& own = part.file->layers[index].info;
    types.insert(to_string(own.type));
    storages.insert(own.storage);
    layer.stored_bytes += own.stored_bytes;
    if (unit_roundoff(own.type) > unit_roundoff(layer.type)) layer.type = own.type;
    for (auto const& warning : own.warnings)
      layer.warnings.push_back(parts.size() == 1 ? warning : quoted(part.file->shard.path) + ": " + warning);
  }
  if (storages.size() > 1) layer.storage += " and others";
  if (types.size() > 1) layer.warnings.push_back("the shards differ in number type; the coarsest counts");
  return layer;
}

// A trajectory has the same trouble at every step; one refusal, that of its first step, says it.
void refuse(Catalog& catalog, Refusal refusal) {
  for (auto const& other : catalog.refusals)
    if (other.file == refusal.file && other.dataset == refusal.dataset && other.reason == refusal.reason) return;
  catalog.refusals.push_back(std::move(refusal));
}

// Adds the checkpoint, or the refusals that say why it or some of its layers cannot be used.
void join_parts(std::string const& network, Index step, std::vector<Part> parts, Catalog& catalog) {
  std::sort(parts.begin(), parts.end(), [](Part const& a, Part const& b) {
    auto const key = [](Part const& p) {
      return std::tuple(p.file->shard.first_sample, p.file->shard.samples, std::string_view(p.file->shard.path));
    };
    return key(a) < key(b);
  });
  auto const& first = *parts.front().file;
  Checkpoint checkpoint;
  checkpoint.network = network;
  checkpoint.step = step;
  checkpoint.step_row = parts.front().step->row;
  checkpoint.inputs_id = first.inputs_id;
  checkpoint.total_samples = first.total_samples;

  // A layer that one shard cannot give is refused; with no layer left there are no samples to count.
  std::vector<std::size_t> usable;
  for (std::size_t i = 0; i < first.layer_names.size(); ++i) {
    Part const* refused = nullptr;
    for (auto const& part : parts)
      if (i < part.file->layers.size() && part.file->layers[i].problem && refused == nullptr) refused = &part;
    if (refused == nullptr) {
      usable.push_back(i);
      continue;
    }
    auto const& problem = *refused->file->layers[i].problem;
    refuse(catalog, {checkpoint.label() + "/" + to_utf8(first.layer_names[i]), refused->file->shard.path,
                     problem.dataset, problem.reason, problem.advice});
  }
  std::string reason;
  for (auto const& part : parts)
    if (reason.empty()) reason = contradiction(parts.front(), part);
  if (reason.empty() && !usable.empty()) reason = coverage_gap(parts);
  if (!reason.empty())
    refuse(catalog,
           {checkpoint.label(), first.shard.path, {}, reason, "name exactly the files that make up the checkpoint"});
  if (!reason.empty() || usable.empty()) return;

  checkpoint.metadata = common_metadata(parts);
  for (auto const& part : parts) {
    checkpoint.shards.push_back(part.file->shard);
    for (auto const& warning : part.file->warnings)
      checkpoint.warnings.push_back(parts.size() == 1 ? warning : quoted(part.file->shard.path) + ": " + warning);
  }
  checkpoint.targets = common_targets(parts, checkpoint.warnings);
  for (std::size_t const i : usable) checkpoint.layers.push_back(join_layer(parts, i, checkpoint.total_samples));
  catalog.checkpoints.push_back(std::move(checkpoint));
}

std::string first_refusals(std::vector<Refusal> const& refusals) {
  constexpr std::size_t most = 5;
  std::vector<std::string> texts;
  for (auto const& refusal : refusals) {
    if (texts.size() == most) break;
    std::string const dataset = refusal.dataset.empty() ? "" : " " + quoted(refusal.dataset);
    texts.push_back(quoted(refusal.file) + dataset + ": " + refusal.reason);
  }
  std::string text = join(texts, "; ");
  if (refusals.size() > most) text += "; and " + std::to_string(refusals.size() - most) + " more";
  return text;
}

}  // namespace

bool holds_activations(std::string const& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored) && std::holds_alternative<FileHeader>(read_file_header(path));
}

Catalog read_catalog(std::vector<std::string> const& data) {
  Catalog catalog;
  std::vector<FileHeader> files;
  auto const paths = find_data_files(data);
  constexpr unsigned patience = 120;  // seconds for one header
  auto const probed = probe(
      paths, [](std::string const& path) { return header_record(read_file_header(path)); }, patience);
  // Results may stand beside the data: those that were only found, in a directory or by a pattern, are passed over.
  std::set<std::string> named;
  for (auto const& argument : data) named.insert(std::filesystem::path(argument).lexically_normal().string());
  std::vector<Refusal> results;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    auto const& path = paths[i];
    if (probed[i].deadly) {
      catalog.refusals.push_back({to_utf8(path),
                                  path,
                                  {},
                                  "the HDF5 library crashes on it: its structure is damaged",
                                  "copy or write the file again"});
      continue;
    }
    auto header = probed[i].found ? header_from_record(*probed[i].found) : read_file_header(path);
    if (auto* file = std::get_if<FileHeader>(&header))
      files.push_back(std::move(*file));
    else if (auto const& [label, problem] = std::get<RefusedFile>(header); true)
      (problem.reason == results_reason && !named.contains(path) ? results : catalog.refusals)
          .push_back({to_utf8(label), path, problem.dataset, problem.reason, problem.advice});
  }
  std::map<std::pair<std::string, Index>, std::vector<Part>> groups;
  for (auto const& file : files)
    for (auto const& step : file.steps) groups[{file.network, step.step}].push_back({&file, &step});
  for (auto const& [key, parts] : groups) join_parts(key.first, key.second, parts, catalog);

  if (catalog.refusals.empty() && catalog.checkpoints.empty()) catalog.refusals = results;
  if (catalog.checkpoints.empty())
    throw InputError("nothing in the data can be used", first_refusals(catalog.refusals),
                     catalog.refusals.empty() ? "" : catalog.refusals.front().advice);
  return catalog;
}

}  // namespace confer
