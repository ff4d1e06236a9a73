#include "model/draw_cost.hpp"

#include <algorithm>
#include <map>

#include "model/cost_terms.hpp"
#include "model/pair_part.hpp"

namespace confer {

namespace {

// What the stage does, as constants of the formulas.
constexpr double record_overhead = 6e-4;  // seconds to make one drawn factor beside its arithmetic: files, records
constexpr double draw_overhead = 2e-2;  // seconds of a draw: meetings of ranks, journals, a state that reaches the disk
constexpr double read_passes = 6;       // over the rows of a basis: read twice, weighted, written, with checksums
constexpr double entry_seconds = 1.5e-8;  // to enter a value of a draw into the sums
constexpr double state_bandwidth = 1e9;   // bytes/s of the file that keeps them
constexpr double summary_bytes = 250, summary_bytes_per_direction = 20;

}  // namespace

PhaseCost draw_phase(DrawWork const& draws, JobSize const& job, MachineRates const& rates) {
  Index const workers = computing_ranks(job.ranks);
  double const gathered = matrices_bytes(job), allowed = allowed_memory(job, rates);
  double const count = as_double(std::ssize(job.representations));
  PairPart const pairs = covariance_pairs(job, rates, allowed, allowed - gathered);

  std::map<double, double> kinds;  // representations by seconds
  double flops = 0, limit = 0, summaries = 0, store = 0;
  for (auto const& r : job.representations) {
    if (r.group < 0) continue;
    double const n = as_double(r.rows), k = as_double(r.kept), p = job.work.weights ? as_double(r.features) : 0;
    double const stored = (n + p) * k * value_bytes(job) + n * word;
    double seconds = record_overhead + read_passes * stored / rates.memory_bandwidth;
    if (draws.weighted) {
      double const products = n * k * k / rates.dgemm + 2 * (n + p) * k * k / product_rate(job, rates);
      seconds += products + rates.reweight.at(k);
      limit += products + rates.reweight.at(k);
      flops += 3 * n * k * k + 2 * p * k * k + 30 * k * k * k;
    } else {
      limit += 2 * stored / rates.memory_bandwidth;
    }
    ++kinds[seconds];
    summaries += summary_bytes + summary_bytes_per_direction * k;
    store += stored;
  }
  std::vector<WorkItems> factors;
  for (auto const& [seconds, number] : kinds) factors.push_back({seconds, number});

  double const measures = as_double(job.work.measures), matrix = count * count * word;
  double const sent = job.ranks > 1 ? summaries + job.pairs * word * (1 + 1.5 * measures) : 0;
  double const between_nodes = job.nodes > 1 ? store : 0;
  double const on_first_rank =
      measures * count * count * entry_seconds + measures * matrix * (draws.weighted ? 3 : 4) / state_bandwidth;
  double const once = draw_overhead + hand_out_seconds(factors, workers) + hand_out_seconds(pairs.items, workers) +
                      2 * count * count * 3e-9 + on_first_rank + (sent + between_nodes) / rates.network;

  double const left = as_double(draws.count - draws.found);
  PhaseCost phase{draws.name, 0, 0, 0, 0, 0, 0, pairs.limit_name};
  phase.flops = left * (flops + pairs.flops);
  phase.words_sent = left / as_double(job.ranks) * (sent + between_nodes * as_double(job.nodes - 1)) / word;
  phase.memory = memory_in_any_case(job, rates) +
                 std::max({pairs.memory, draw_memory(job, allowed).bytes,
                           gathered + std::max(draw_memory(job, allowed - gathered).bytes, pairs.first_memory)});
  phase.seconds = left * once;
  double const shared = (limit + pairs.limit) / as_double(workers);
  phase.limit_seconds = left * shared;
  if (limit > pairs.limit) phase.limit = draws.weighted ? "factors of drawn samples" : "copying";
  if (on_first_rank > shared) {
    phase.limit = "one rank";
    phase.limit_seconds = left * on_first_rank;
  }
  return phase;
}

}  // namespace confer
