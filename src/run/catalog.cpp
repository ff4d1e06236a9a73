#include "confer/run/catalog.hpp"

#include <algorithm>
#include <cstdio>
#include <set>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"
#include "confer/run/load.hpp"

namespace confer {

namespace {

std::size_t width_of(std::string const& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// Columns as wide as their widest cell, two blanks apart.
std::string table(std::vector<std::vector<std::string>> const& rows, std::string const& indent) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (auto const& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  std::string text;
  for (auto const& row : rows) {
    std::string line = indent;
    for (std::size_t i = 0; i < row.size(); ++i) line += row[i] + std::string(widths[i] - width_of(row[i]) + 2, ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string counted(std::size_t count, std::string const& what) {
  return format_count(static_cast<Index>(count)) + " " + what + (count == 1 ? "" : "s");
}

using Checkpoints = std::vector<Checkpoint const*>;

std::string steps_text(Checkpoints const& checkpoints) {
  constexpr std::size_t most = 8;
  std::vector<std::string> steps;
  for (auto const* checkpoint : checkpoints) steps.push_back(std::to_string(checkpoint->step));
  if (steps.size() == 1) return "step " + steps.front();
  if (steps.size() <= most) return "steps " + join(steps, ", ");
  return "steps " + steps[0] + ", " + steps[1] + ", " + steps[2] + ", ..., " + steps.back() + " (" +
         counted(steps.size(), "step") + ")";
}

std::vector<std::string> layer_cells(LayerInfo const& layer) {
  std::vector<std::string> extents, axes;
  for (std::size_t i = 0; i < layer.axes.size(); ++i) {
    extents.push_back(format_count(layer.extents[i]));
    axes.push_back(to_string(layer.axes[i]));
  }
  return {printable(layer.name), join(extents, " x "), join(axes, ","), to_string(layer.type), layer.storage};
}

// One row for each layer; a layer that looks different at some steps has several, each with its number of steps.
std::string layers_text(Checkpoints const& checkpoints) {
  std::vector<std::vector<std::string>> rows = {{"layer", "shape", "axes", "type", "storage", ""}};
  std::vector<std::size_t> steps = {0};
  for (auto const* checkpoint : checkpoints)
    for (auto const& layer : checkpoint->layers) {
      auto cells = layer_cells(layer);
      cells.emplace_back();
      auto const row = std::find(rows.begin(), rows.end(), cells);
      if (row == rows.end()) {
        rows.push_back(cells);
        steps.push_back(1);
      } else {
        ++steps[static_cast<std::size_t>(row - rows.begin())];
      }
    }
  for (std::size_t i = 1; i < rows.size(); ++i)
    if (steps[i] < checkpoints.size()) rows[i].back() = "at " + counted(steps[i], "step");
  return table(rows, "    ");
}

std::string targets_text(Checkpoints const& checkpoints) {
  std::vector<std::string> names;
  for (auto const* checkpoint : checkpoints)
    for (auto const& target : checkpoint->targets) {
      std::string const kind = target.labels ? "labels" : counted(static_cast<std::size_t>(target.columns), "column");
      std::string const text = printable(target.name) + " (" + kind + ")";
      if (std::find(names.begin(), names.end(), text) == names.end()) names.push_back(text);
    }
  return names.empty() ? "" : "    targets: " + join(names, ", ") + "\n";
}

std::string warnings_text(Checkpoints const& checkpoints) {
  std::string text;
  for (auto const* checkpoint : checkpoints) {
    for (auto const& warning : checkpoint->warnings)
      text += "    warning: " + printable(checkpoint->label()) + ": " + warning + "\n";
    for (auto const& layer : checkpoint->layers)
      for (auto const& warning : layer.warnings)
        text += "    warning: " + printable(checkpoint->label(layer)) + ": " + warning + "\n";
  }
  return text;
}

std::string network_text(Checkpoints const& checkpoints) {
  auto const& first = *checkpoints.front();
  std::set<Index> samples;
  std::set<std::string> inputs;
  std::size_t most_shards = 0;
  for (auto const* checkpoint : checkpoints) {
    samples.insert(checkpoint->total_samples);
    inputs.insert(printable(checkpoint->inputs_id).substr(0, 12));
    most_shards = std::max(most_shards, checkpoint->shards.size());
  }
  std::vector<std::string> counts;
  for (Index const count : samples) counts.push_back(format_count(count));
  std::string text = "\n" + printable(first.network) + ": " + steps_text(checkpoints) + "; " + join(counts, " or ") +
                     " samples of inputs " + join({inputs.begin(), inputs.end()}, ", ");
  if (most_shards > 1) text += "; " + counted(most_shards, "shard");
  if (first.step_row) text += "; trajectory";
  return text + "\n" + layers_text(checkpoints) + targets_text(checkpoints) + warnings_text(checkpoints);
}

std::string refusals_text(Catalog const& catalog) {
  if (catalog.refusals.empty()) return "";
  std::string text = "\n" + counted(catalog.refusals.size(), "refusal") + ":\n";
  for (auto const& refusal : catalog.refusals) {
    text += "    " + printable(refusal.label) + ": " + refusal.reason;
    std::string const where =
        (refusal.dataset.empty() ? "" : printable(refusal.dataset) + " in ") + printable(refusal.file);
    if (refusal.label != refusal.file) text += " (" + where + ")";
    text += (refusal.advice.empty() ? "" : "; " + refusal.advice) + "\n";
  }
  return text;
}

}  // namespace

std::string describe_catalog(Catalog const& catalog) {
  std::vector<Checkpoints> networks;
  std::set<std::string> files;
  double bytes = 0;
  std::size_t representations = 0;
  for (auto const& checkpoint : catalog.checkpoints) {
    if (networks.empty() || networks.back().front()->network != checkpoint.network) networks.emplace_back();
    networks.back().push_back(&checkpoint);
    representations += checkpoint.layers.size();
    for (auto const& shard : checkpoint.shards)
      if (files.insert(shard.path).second) bytes += static_cast<double>(shard.bytes);
  }
  std::string text = counted(networks.size(), "network") + ", " + counted(catalog.checkpoints.size(), "checkpoint") +
                     ", " + counted(representations, "representation") + " in " + counted(files.size(), "file") + " (" +
                     format_bytes(bytes) + ")\n";
  for (auto const& network : networks) text += network_text(network);
  return text + refusals_text(catalog);
}

int run_catalog(JobConfig const& config, Communicator const& comm) {
  Catalog catalog = load_catalog(config, comm);
  if (!config.run.strict) refuse_bad_values(catalog, config.selection, comm);
  if (comm.is_root()) {
    std::string const text = config.run.json ? to_json(catalog, 2) + "\n" : describe_catalog(catalog);
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  }
  if (catalog.checkpoints.empty())
    throw InputError("nothing in the data can be used", catalog.refusals.front().reason,
                     catalog.refusals.front().advice);
  return static_cast<int>(catalog.refusals.empty() ? ExitCode::done : ExitCode::partial);
}

}  // namespace confer
