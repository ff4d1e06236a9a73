#include "model/draw_cost.hpp"

#include <algorithm>
#include <map>

#include "model/cost_terms.hpp"
#include "model/pair_part.hpp"
#include "model/sample_cost.hpp"

namespace confer {

namespace {

// What the stage does, as constants of the formulas.
constexpr double record_overhead = 6e-4;  // seconds to make one drawn factor beside its arithmetic: files, records
constexpr double draw_overhead = 2e-2;  // seconds of a draw: meetings of ranks, journals, a state that reaches the disk
constexpr double mapped_record = 1e-4;  // seconds of every rank to map prepared rows again
constexpr double read_passes = 6;       // over the rows of a basis: read twice, weighted, written, with checksums
constexpr double entry_seconds = 1.5e-8;  // to enter a value of a draw into the sums
constexpr double state_bandwidth = 1e9;   // bytes/s of the file that keeps them
constexpr double summary_bytes = 250, summary_bytes_per_direction = 20;

}  // namespace

namespace {

/// What one draw asks of the ranks, and what the largest of them holds.
struct DrawCost {
  double seconds = 0;  // until all ranks are done
  double flops = 0;
  double limit = 0;  // of one rank that does all of it alone
  char const* limit_name = "";
  double heaviest = -1;
  double sent = 0;    // bytes to the first rank
  double stored = 0;  // bytes that other nodes need
  double memory = 0;  // of a rank, of the first one beside the matrices
  double first_memory = 0;

  void add(PairPart const& part, double share, Index workers) {
    std::vector<WorkItems> items = part.items;
    for (auto& item : items) item.seconds *= share;
    seconds += hand_out_seconds(items, workers);
    flops += share * part.flops;
    sent += word * share * part.words_sent;
    memory = std::max(memory, part.memory);
    first_memory = std::max(first_memory, part.first_memory);
    add_limit(share * part.limit, part.limit_name);
  }
  void add_limit(double by, char const* name) {
    limit += by;
    if (by > heaviest) limit_name = name;
    heaviest = std::max(heaviest, by);
  }
};

/// The factors of a draw and their pairs.
void add_factors(DrawCost& cost, DrawWork const& draws, JobSize const& job, MachineRates const& rates) {
  Index const workers = computing_ranks(job.ranks);
  double const allowed = allowed_memory(job, rates), first_allowed = allowed - matrices_bytes(job);
  std::map<double, double> kinds;  // representations by seconds
  double limit = 0;
  for (auto const& r : job.representations) {
    if (r.group < 0) continue;
    double const n = as_double(r.rows), k = as_double(r.kept), p = job.work.weights ? as_double(r.features) : 0;
    double const stored = (n + p) * k * value_bytes(job) + n * word;
    double seconds = record_overhead + read_passes * stored / rates.memory_bandwidth;
    if (draws.weighted) {
      double const products = n * k * k / rates.dgemm + 2 * (n + p) * k * k / product_rate(job, rates);
      seconds += products + rates.reweight.at(k);
      limit += products + rates.reweight.at(k);
      cost.flops += 3 * n * k * k + 2 * p * k * k + 30 * k * k * k;
    } else {
      limit += 2 * stored / rates.memory_bandwidth;
    }
    ++kinds[seconds];
    cost.sent += summary_bytes + summary_bytes_per_direction * k;
    cost.stored += stored;
  }
  std::vector<WorkItems> factors;
  for (auto const& [seconds, number] : kinds) factors.push_back({seconds, number});
  cost.seconds += hand_out_seconds(factors, workers);
  cost.add(covariance_pairs(job, rates, allowed, first_allowed), 1, workers);
  cost.add_limit(limit, draws.weighted ? "factors of drawn samples" : "copying");
  cost.memory = std::max(cost.memory, draw_memory(job, allowed).bytes);
  cost.first_memory = std::max(cost.first_memory, draw_memory(job, first_allowed).bytes);
}

/// Measures of kernels and of neighbours without one of the blocks.
void add_samples(DrawCost& cost, DrawWork const& draws, JobSize const& job, MachineRates const& rates) {
  constexpr double made_anew = 2;  // lists of neighbours without a block, beside what is made of them
  Index const workers = computing_ranks(job.ranks);
  double kept = 0;
  if (draws.kernels) {
    JobSize whole = job;
    whole.samples.batch = 0;
    cost.add(kernel_pairs(whole, rates, draws.count), 1, workers);
    cost.seconds += mapped_record * as_double(std::ssize(job.representations));
    kept = 2 * kernel_totals_bytes(job);
  }
  if (draws.neighbours) {
    PairPart part = neighbour_pairs(job, rates);
    part.memory = part.first_memory = part.memory + reduced_list_memory(job);
    cost.add(part, made_anew, workers);
  }
  cost.first_memory += kept;
}

}  // namespace

PhaseCost draw_phase(DrawWork const& draws, JobSize const& job, MachineRates const& rates) {
  DrawCost cost;
  if (draws.factors) add_factors(cost, draws, job, rates);
  if (draws.kernels || draws.neighbours) add_samples(cost, draws, job, rates);
  double const gathered = matrices_bytes(job), count = as_double(std::ssize(job.representations));
  double const measures = as_double(draws.measures), matrix = count * count * word;
  double const sent = job.ranks > 1 ? cost.sent + job.pairs * word * (1 + 1.5 * measures) : 0;
  double const between_nodes = job.nodes > 1 ? cost.stored : 0;
  double const on_first_rank =
      measures * count * count * entry_seconds + measures * matrix * (draws.weighted ? 3 : 4) / state_bandwidth;
  double const once =
      draw_overhead + cost.seconds + 2 * count * count * 3e-9 + on_first_rank + (sent + between_nodes) / rates.network;

  double const left = as_double(draws.count - draws.found);
  PhaseCost phase{draws.name, 0, 0, 0, 0, 0, 0, cost.limit_name};
  phase.flops = left * cost.flops;
  phase.words_sent = left / as_double(job.ranks) * (sent + between_nodes * as_double(job.nodes - 1)) / word;
  phase.memory = memory_in_any_case(job, rates) + std::max(cost.memory, gathered + cost.first_memory);
  phase.seconds = left * once;
  double const shared = cost.limit / as_double(computing_ranks(job.ranks));
  phase.limit_seconds = left * shared;
  if (on_first_rank > shared) {
    phase.limit = "one rank";
    phase.limit_seconds = left * on_first_rank;
  }
  return phase;
}

}  // namespace confer
