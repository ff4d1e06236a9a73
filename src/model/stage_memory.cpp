/// Memory of held-out samples and of drawn ones.
#include <algorithm>
#include <vector>

#include "confer/model/pair_memory.hpp"
#include "model/cost_terms.hpp"

namespace confer {

HeldOutMemory held_out_memory_of(Index rows, Index kept, Index folds, bool exact) {
  double const n = as_double(rows), k = as_double(kept), f = as_double(folds), value = exact ? 8 : 4;
  double const window = std::min(n, as_double(held_out_rows)), square = k * k * word;
  HeldOutMemory memory;
  memory.folds = f * 2 * square;
  memory.window = window * k * value;
  memory.basis = n * k * value;
  // Moments of the folds, and what one factor is made in; rows as stored, in the order of folds, and those of one fold
  // in double precision, twice.
  memory.making = (f + 14) * square + std::max(2 * memory.window, memory.window + 2 * (window / f + 1) * k * word);
  return memory;
}

PairMemory held_out_memory(JobSize const& job, double allowed) {
  PairMemory memory;
  if (job.samples.folds == 0) return memory;
  double const f = as_double(job.samples.folds);
  double working = 0, most_folds = 0, all = 0, widest = 0, most_window = 0;
  for (auto const& r : job.representations) {
    HeldOutMemory const one = held_out_memory_of(r.rows, r.kept, job.samples.folds, job.exact);
    working = std::max(working, one.making);
    most_folds = std::max(most_folds, one.folds);
    most_window = std::max(most_window, one.window);
    widest = std::max(widest, as_double(r.kept));
    all += one.folds + one.basis;
  }
  // A pair: products over folds, in the coordinates of both fits, seen from both sides; rows that are not held.
  double const pair = (5 * f + 12) * widest * widest * word + 3 * most_window;
  working = std::max(working, pair);
  // The two sides of a pair are held in any case.
  memory.limits.held_out_bytes =
      std::clamp(allowed - working, 2 * most_folds, std::max(2 * most_folds, memory.limits.held_out_bytes));
  memory.bytes = working + std::min(all, memory.limits.held_out_bytes);
  return memory;
}

PairMemory draw_memory(JobSize const& job, double allowed) {
  constexpr double rows_at_once = 4096, loadings_at_once = 1 << 20;
  PairMemory memory;
  double weighted = 0, band = 0, all = 0, loadings = 0, lists = 0;
  for (auto const& r : job.representations) {
    double const n = as_double(r.rows), k = as_double(r.kept), rows = std::min(n, rows_at_once) * k;
    if (job.work.weights) {
      double const values =
          k * std::clamp(loadings_at_once / std::max(k, 1.0), 1.0, std::max(as_double(r.features), 1.0));
      loadings = std::max(loadings, 2 * values * value_bytes(job));
    }
    weighted = std::max(weighted, rows * (value_bytes(job) + 2 * word) + 16 * k * k * word);
    band = std::max(band, rows * value_bytes(job));
    all = std::max(all, n * k * value_bytes(job));
    lists = std::max(lists, (2 / as_double(r.rows_per_sample) + 1) * n * word);
  }
  for (DrawWork const& draws : job.draws) {
    if (draws.count == 0 || !draws.factors) continue;
    double bytes = weighted;
    if (!draws.weighted) {
      memory.limits.permuted_bytes =
          std::clamp(allowed - band - lists, band, std::max(band, memory.limits.permuted_bytes));
      bytes = band + lists + std::min(all, memory.limits.permuted_bytes);
    }
    memory.bytes = std::max(memory.bytes, std::max(bytes, loadings));
  }
  return memory;
}

double reduced_list_memory(JobSize const& job) {
  bool const made = std::any_of(job.draws.begin(), job.draws.end(),
                                [](DrawWork const& draws) { return draws.count > 0 && draws.neighbours; });
  double all = 0, longest = 0;
  for (auto const& r : job.representations) {
    double const bytes = as_double(r.rows) * as_double(job.samples.neighbours * job.samples.neighbour_bytes);
    all += bytes;
    longest = std::max(longest, bytes);
  }
  return made ? std::min(all, reduced_lists_bytes) + 2 * longest : 0;
}

}  // namespace confer
