#include "run/jackknife.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "confer/core/text.hpp"
#include "confer/io/content_hash.hpp"
#include "run/random_samples.hpp"

namespace confer {

namespace {

/// The rows of a block, made once for all representations with as many samples.
LeftOut rows_left_out(std::vector<Representation> const& representations, Draw const& draw) {
  using Rows = std::map<std::pair<Index, Index>, std::vector<Index>>;
  auto const rows = std::make_shared<Rows>();
  return [rows, &representations, draw](Index index) -> std::vector<Index> const& {
    Representation const& r = representations[static_cast<std::size_t>(index)];
    auto const [found, is_new] = rows->try_emplace({r.samples, r.rows_per_sample});
    if (is_new) found->second = rows_of_block(r.samples, r.rows_per_sample, draw.blocks, draw.number);
    return found->second;
  };
}

std::string name_of(Draw const& draw) {
  return "without block " + std::to_string(draw.number) + " of " + std::to_string(draw.blocks);
}

DrawPart kernels_without_block(JackknifeSource const& source, KernelJob const& job) {
  ContentHash hash;
  hash.add("kernels " + std::to_string(source.config.compare.batch) + " " +
           format_number(source.config.compare.bandwidth));
  for (auto const& key : job.keys) hash.add(key + "\n");
  DrawPart part;
  part.fingerprint = hash.key();
  part.compare = [source, job](Draw const& draw, std::string const& journals, PairStageControl const& control,
                               PairTable* values) {
    return compare_kernels_without(source.comm, source.config, job, source.rows, source.kernel_totals,
                                   rows_left_out(source.representations, draw), name_of(draw), journals, control,
                                   values);
  };
  return part;
}

DrawPart neighbours_without_block(JackknifeSource const& source, NeighbourTask const& task) {
  DrawPart part;
  part.fingerprint = neighbour_job(source.config, task, source.rows).fingerprint;
  part.compare = [source, task](Draw const& draw, std::string const& journals, PairStageControl const& control,
                                PairTable* values) {
    NeighbourTask without = task;
    without.left_out = rows_left_out(source.representations, draw);
    without.name = name_of(draw);
    return compare_pairs(source.comm, neighbour_job(source.config, without, source.rows), journals, control, values);
  };
  return part;
}

}  // namespace

std::vector<DrawPart> parts_without_block(JackknifeSource const& source, KernelJob job, NeighbourTask task,
                                          std::vector<std::size_t> const& columns) {
  auto const place = [&](std::vector<std::size_t>& of_all) {
    for (std::size_t& column : of_all)
      column = static_cast<std::size_t>(std::find(columns.begin(), columns.end(), column) - columns.begin());
  };
  place(job.columns);
  place(task.columns);
  std::vector<DrawPart> parts;
  if (std::any_of(job.measures.begin(), job.measures.end(),
                  [](Measure const* measure) { return leaves_out(*measure); }))
    parts.push_back(kernels_without_block(source, job));
  if (!task.measures.empty()) parts.push_back(neighbours_without_block(source, task));
  return parts;
}

}  // namespace confer
