#include "confer/model/pair_memory.hpp"

#include <algorithm>
#include <vector>

#include "confer/linalg/block_eigen.hpp"
#include "confer/model/cost_model.hpp"
#include "confer/model/tile_plan.hpp"

namespace confer {

namespace {

constexpr Index rows_step = 4096;             // multiplied at once: rows are read in multiples of it
constexpr double spectra_at_once = 64;        // blocks side by side
constexpr double largest_interleaved = 160;   // directions of a block that is computed that way
constexpr double loadings_at_once = 16 << 20; // bytes, where they are not held
constexpr double norm_rows = 65536;           // row norms read at once

double as_double(Index value) { return static_cast<double>(value); }

}  // namespace

PairMemory neuron_pair_memory(JobSize const& job, double allowed) {
  double const value = job.exact ? 8 : 4;
  std::vector<PlanItem> items;
  Index tall = 0;
  double widest = 0, largest = 0;
  for (auto const& r : job.representations) {
    items.push_back({r.group, r.rows, r.features});
    tall = std::max(tall, r.rows);
    largest = std::max(largest, as_double(r.features));
  }
  for (auto const& panel : plan_panels(items)) widest = std::max(widest, as_double(panel.columns));
  // The product, its part in single precision, and the costs that a matching works on.
  double const fixed = widest * widest * (8 + (job.exact ? 0 : value)) + (job.samples.matched ? 8 * largest * largest : 0);
  double const row_bytes = 2 * widest * value;
  auto const room = static_cast<Index>(std::max(0.0, allowed - fixed) / std::max(row_bytes, 1.0));
  PairMemory memory;
  memory.limits.neuron_rows = std::clamp(room / rows_step * rows_step, rows_step, memory.limits.neuron_rows);
  memory.bytes = fixed + row_bytes * as_double(std::min(memory.limits.neuron_rows, tall));
  return memory;
}

PairMemory neuron_store_memory(JobSize const& job, double allowed) {
  constexpr double block_values = 524288;  // standardised at once
  PairMemory memory;
  memory.limits.neuron_window = std::clamp(allowed / 2, 0.0, memory.limits.neuron_window);
  for (auto const& r : job.representations) {
    double const p = as_double(r.features), values = as_double(r.rows) * p, held = as_double(r.window_value_bytes);
    double const sample = p * as_double(r.rows_per_sample) * held;  // at least one
    memory.bytes = std::max(memory.bytes, std::min(values * held, std::max(memory.limits.neuron_window, sample)) +
                                              std::min(values, std::max(p, block_values)) * (16 + (job.exact ? 8 : 4)) +
                                              48 * p);
  }
  return memory;
}

double row_memory(JobSize const& job) {
  constexpr double median_samples = 4096;  // at most, of which all distances are taken for their median
  constexpr double rank_bytes = 20;        // for each distance while they are put in order
  SampleWork const& work = job.samples;
  double most = 0;
  for (auto const& r : job.representations) {
    double const n = as_double(r.rows), values = n * as_double(r.features), used = std::min(n, median_samples);
    double const value = job.exact ? 8 : 4;
    double order = work.medians > 0 ? used * used / 2 * value : 0;
    if (work.ranked) order = std::max(order, n * n / 2 * rank_bytes);
    if (work.neighbours > 0)
      order = std::max(order, values * 4 + n * 8 * std::max(1024.0, 16 * as_double(work.neighbours + work.further)));
    // As stored, in its form, in the precision of the store; another copy where ties must stay ties.
    most = std::max(most, values * (16 + value + (work.centred_order ? 8 : 0)) + order);
  }
  return most;
}

PairMemory pair_memory(JobSize const& job, double allowed) {
  if (!job.work.any()) return {};
  double const value = job.exact ? 8 : 4;
  double wide = 0, features = 0, most_kept = 0, most_members = 0, loadings = 0;
  Index tall = 0;
  std::vector<PlanItem> items;
  for (auto const& r : job.representations) {
    items.push_back({r.group, r.rows, r.kept});
    tall = std::max(tall, r.rows);
    features = std::max(features, as_double(r.features));
    most_kept = std::max(most_kept, as_double(r.kept));
  }
  bool several = false;
  std::vector<Panel> const panels = plan_panels(items);
  for (auto const& panel : panels) {
    wide = std::max(wide, as_double(panel.columns));
    most_members = std::max(most_members, static_cast<double>(panel.members.size()));
    double bytes = 0;
    for (Index const member : panel.members) {
      auto const& r = job.representations[static_cast<std::size_t>(member)];
      bytes += as_double(r.kept) * as_double(r.features) * value;
    }
    loadings = std::max(loadings, bytes);
    several = several || panels.front().members.front() != panel.members.front();
  }
  double const sides = several ? 2 : 1;
  bool const spectra = job.work.canonical || job.work.truncated || job.work.nuclear;
  // The product, its part in single precision and, for long representations, the sum over slices and one of them.
  double const product = wide * wide * (8 + (job.exact ? 0 : value) + (as_double(tall) > norm_rows ? 16 : 0));
  double const norms = 2 * std::min(as_double(tall), norm_rows) * most_members * 8;
  double const blocks = std::min(most_kept, largest_interleaved);
  double const lanes = spectra ? spectra_at_once * 8 * blocks * blocks + 4 * 8 * most_kept * most_kept : 0;
  double const decompositions =
      job.exact ? 6 * 8 * most_kept * most_kept
                : gram_eigenvectors_bytes(static_cast<Index>(most_kept)) + 3 * 8 * most_kept * most_kept;
  double const weights = job.work.weights ? decompositions + most_kept * 512 * value : 0;
  double const scores = most_members * most_members *
                        (256 + 32 * as_double(job.work.measures) + 8 * wide / std::max(most_members, 1.0));
  double const fixed = product + norms + lanes + weights + scores + 2 * 8 * most_kept * most_kept;

  PairMemory memory;
  double const row_bytes = sides * wide * value;
  double const least_loadings = job.work.weights ? std::min(sides * loadings, loadings_at_once) : 0;
  auto const room = static_cast<Index>(std::max(0.0, allowed - fixed - least_loadings) / std::max(row_bytes, 1.0));
  memory.limits.rows = std::clamp(room / rows_step * rows_step, rows_step, memory.limits.rows);
  double const bases = row_bytes * as_double(std::min(memory.limits.rows, tall));
  double held_loadings = 0;
  if (job.work.weights) {
    double const left = std::max(0.0, allowed - fixed - bases) / sides;
    memory.limits.loadings_bytes = std::min(memory.limits.loadings_bytes, left);
    bool const held = loadings <= memory.limits.loadings_bytes;
    held_loadings = held ? sides * loadings : std::max(least_loadings, sides * std::min(memory.limits.loadings_bytes, loadings));
  }
  memory.bytes = fixed + bases + held_loadings;
  return memory;
}

}  // namespace confer
