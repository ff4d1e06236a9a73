#include "confer/model/cost_model.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <queue>

#include "confer/model/factor_plan.hpp"
#include "model/cost_terms.hpp"
#include "model/draw_cost.hpp"
#include "model/pair_part.hpp"
#include "model/sample_cost.hpp"

namespace confer {

namespace {

// What the stages do, as constants of the formulas.
constexpr double header_seconds = 2e-3;     // to look into one file
constexpr double factor_overhead = 5e-4;    // seconds to open, store and record one
constexpr double dominant_share = 0.125;  // of a projection in single precision, multiplied in double precision besides
constexpr double values_alone = 0.25;  // of the time of an eigen-decomposition, without vectors (64 to 512 directions)
constexpr double write_bandwidth = 1e9;   // bytes/s of the results file
constexpr double summary_bytes = 250, summary_bytes_per_direction = 20;
constexpr double element_passes = 8;  // over a matrix in a factor besides products: centre, scan, copy
constexpr double pair_bytes = 8;      // of a pair's record besides its values
constexpr double request_bytes = 32;  // to be given a tile

double stored(JobSize const& job, RepresentationSize const& r) {
  double const loadings = job.work.weights ? as_double(r.kept) * as_double(r.features) : 0;
  return 8 * as_double(r.rows) + value_bytes(job) * (as_double(r.rows) * as_double(r.kept) + loadings) + 512;
}

struct FactorCost {
  double products = 0;         // flops of matrix products
  double product_seconds = 0;  // which these take
  double eigen = 0;            // sum of small sides cubed
  double passes = 0;           // over the stored values
  double seconds = 0;          // on one rank, reading included

  void multiply(double flops, double rate) {
    products += flops;
    product_seconds += flops / rate;
  }
};

FactorShape factor_shape(JobSize const& job, RepresentationSize const& r) {
  FactorShape shape;
  shape.rows = r.rows;
  shape.features = r.features;
  shape.rows_per_sample = r.rows_per_sample;
  shape.window_value_bytes = r.window_value_bytes;
  shape.values_per_sample =
      r.values_per_sample > 0 ? r.values_per_sample : as_double(r.features) * as_double(r.rows_per_sample);
  shape.chunked = r.chunked;
  shape.exact = job.exact;
  shape.basis = r.kept > 0;
  shape.loadings = job.work.weights;
  return shape;
}

/// The method, or, where memory does not allow any, what the least would take.
FactorMethod method_of(JobSize const& job, RepresentationSize const& r, MachineRates const& rates) {
  FactorShape const shape = factor_shape(job, r);
  if (auto const method = factor_method(shape, job.svd, job.ranks, allowed_memory(job, rates))) return *method;
  FactorMethod least;
  least.memory = least_factor_memory(shape, job.svd, job.ranks);
  return least;
}

FactorCost factor_cost(JobSize const& job, RepresentationSize const& r, FactorMethod const& method,
                       MachineRates const& rates) {
  double const n = as_double(r.rows), p = as_double(r.features), k = as_double(r.kept);
  double const small = std::min(n, p), large = std::max(n, p);
  FactorCost cost;
  cost.multiply(n * p * small, rates.dgemm);  // Gram matrix, one triangle
  cost.eigen = small * small * small * (r.kept > 0 ? 1 : values_alone);
  bool const several = r.levels > 1 || job.exact;
  if (p <= n || job.work.weights) {  // the side that is not the eigenvectors
    bool const single = p <= n && !several;
    cost.multiply(2 * n * p * k, single ? rates.sgemm : rates.dgemm);
    if (single) cost.multiply(dominant_share * 2 * n * p * k, rates.dgemm);
  }
  if (several) {  // small directions once more, and re-orthonormalised
    double const rest = small / 2;
    cost.multiply(2 * n * p * rest + large * rest * rest + 2 * n * k * k, rates.dgemm);
    cost.eigen += rest * rest * rest;
  }
  bool const once = method.window >= (p <= n ? r.rows / r.rows_per_sample : r.features);
  cost.passes = once ? 1 : 1 + as_double(r.levels) + (p <= n || job.work.weights ? 1 : 0);
  double const reading_rate =
      std::min(rates.decode, rates.read_bandwidth * as_double(job.nodes) / as_double(job.ranks));
  cost.seconds = factor_overhead + cost.product_seconds + rates.eigh * cost.eigen +
                 cost.passes * r.file_bytes / reading_rate +
                 (element_passes * n * p * word + 2 * stored(job, r)) / rates.memory_bandwidth;
  return cost;
}

PhaseCost header_phase(JobSize const& job, MachineRates const& rates) {
  PhaseCost phase{"read headers", 0, 0, 0, memory_in_any_case(job, rates), 0, 0, "files to open"};
  phase.words_sent = job.ranks > 1 ? job.header_bytes / word : 0;
  phase.limit_seconds = header_seconds * as_double(job.files);
  phase.seconds = 0.02 + phase.limit_seconds + (job.ranks > 1 ? job.header_bytes / rates.network : 0);
  return phase;
}

PhaseCost factor_phase(JobSize const& job, MachineRates const& rates) {
  PhaseCost phase{"factor", 0, 0, 0, 0, 0, 0, "matrix products"};
  std::map<std::vector<double>, WorkItems> kinds;
  double eigen_seconds = 0, product_seconds = 0, store = 0, summaries = 0;
  double together_seconds = 0;
  for (auto const& r : job.representations) {
    FactorMethod const method = method_of(job, r, rates);
    FactorCost const cost = factor_cost(job, r, method, rates);
    if (method.route == FactorRoute::shared || method.route == FactorRoute::scalapack) {
      // By all ranks; the eigen-decomposition of a shared one is everybody's, that of one dealt out is divided.
      double const eigen = method.route == FactorRoute::shared ? rates.eigh * cost.eigen : 0;
      double const words = factor_words(factor_shape(job, r), job.ranks, r.levels);
      together_seconds += job.share_of_factors * ((cost.seconds - eigen) / as_double(job.ranks) + eigen);
      phase.words_sent += job.share_of_factors * words;
      if (job.nodes > 1) together_seconds += job.share_of_factors * words * word / rates.network;
    } else {
      auto& items = kinds[{cost.seconds}];
      items = {cost.seconds, items.count + job.share_of_factors};
    }
    phase.flops += job.share_of_factors * (cost.products + 9 * cost.eigen);
    phase.bytes_read += job.share_of_factors * cost.passes * r.file_bytes;
    product_seconds += job.share_of_factors * cost.product_seconds;
    eigen_seconds += job.share_of_factors * rates.eigh * cost.eigen;
    store += stored(job, r);
    summaries += summary_bytes + summary_bytes_per_direction * as_double(r.kept);
    phase.memory = std::max(phase.memory, method.memory);
  }
  phase.memory += memory_in_any_case(job, rates);
  std::vector<WorkItems> items;
  for (auto const& [seconds, item] : kinds) items.push_back(item);
  phase.seconds = together_seconds + hand_out_seconds(items, computing_ranks(job.ranks));
  if (job.ranks > 1) phase.words_sent += summaries / word;
  double network_seconds = 0;
  if (job.nodes > 1) {  // the first rank of every node receives all factors and passes them on
    phase.words_sent += store / word * as_double(job.nodes - 1) / as_double(job.ranks);
    network_seconds = store / rates.network;
    phase.seconds += network_seconds;
  }
  double const read_seconds = phase.bytes_read / (rates.read_bandwidth * as_double(job.nodes));
  double const workers = as_double(computing_ranks(job.ranks));
  phase.limit_seconds = (product_seconds + eigen_seconds) / workers;
  if (eigen_seconds > product_seconds) phase.limit = "eigen-decompositions";
  if (read_seconds > phase.limit_seconds) {
    phase.limit_seconds = read_seconds;
    phase.limit = "reading";
  }
  if (network_seconds > phase.limit_seconds) {
    phase.limit_seconds = network_seconds;
    phase.limit = "network";
  }
  return phase;
}

double results_size(JobSize const& job) {
  double const count = static_cast<double>(job.representations.size());
  double const checkpoints = as_double(job.matrices.checkpoints);
  double size = count * count * word * as_double(job.matrices.written) +
                checkpoints * checkpoints * word * as_double(job.matrices.summaries);
  Index longest = 0;
  for (auto const& r : job.representations) longest = std::max(longest, r.kept);
  if (job.work.coefficients) size += job.pairs * word * as_double(longest + 2);
  return size + 1e5 + 500 * count;
}

}  // namespace

double matrices_bytes(JobSize const& job) {
  constexpr double rows_at_once = 256, copies = 3;  // made, gathered into chunks, compressed
  auto const count = static_cast<double>(job.representations.size());
  return count * word *
         (count * as_double(job.matrices.held + job.matrices.drawn) + std::min(count, rows_at_once) * copies);
}

double SizeCurve::at(double size) const {
  if (points_.empty() || size <= 0) return 0;
  auto const above = std::find_if(points_.begin(), points_.end(), [&](auto const& p) { return p.first >= size; });
  if (above == points_.begin()) return above->second;
  auto const& low = *(above - 1);
  double const power =
      above == points_.end() ? 3 : std::log(above->second / low.second) / std::log(above->first / low.first);
  return low.second * std::pow(size / low.first, power);
}

Index computing_ranks(Index ranks) { return ranks <= 32 ? ranks : ranks - 1; }

double hand_out_seconds(std::vector<WorkItems> items, Index workers) {
  std::sort(items.begin(), items.end(), [](auto const& a, auto const& b) { return a.seconds > b.seconds; });
  double const many = as_double(workers);
  // Only as many are handed out one by one as it takes to level the loads; of the rest everyone takes equally many.
  double common = 0, longest = 0;
  std::priority_queue<double, std::vector<double>, std::greater<>> ahead;
  for (Index w = 0; w < workers; ++w) ahead.push(0);
  for (auto const& item : items) {
    if (!(item.seconds > 0)) continue;
    double const uneven = std::ceil((longest - ahead.top()) / item.seconds) + 1;
    double const rounds = std::max(0.0, std::floor(item.count / many) - uneven);
    common += rounds * item.seconds;
    for (double left = item.count - rounds * many; left > 1e-9; left -= 1) {
      double const busy = ahead.top() + item.seconds * std::min(left, 1.0);
      ahead.pop();
      ahead.push(busy);
      longest = std::max(longest, busy);
    }
  }
  return common + longest;
}

namespace {

/// The pair stage: parts one after the other, each handed out for itself.
PhaseCost pair_phase(JobSize const& job, MachineRates const& rates, CostEstimate& estimate) {
  Index const workers = computing_ranks(job.ranks);
  auto const count = as_double(std::ssize(job.representations));
  double const always = memory_in_any_case(job, rates), gathered = matrices_bytes(job);
  double const allowed = allowed_memory(job, rates);
  std::vector<PairPart> parts;
  if (job.work.any()) parts.push_back(covariance_pairs(job, rates, allowed, allowed - gathered));
  if (job.samples.neurons) parts.push_back(neuron_pairs(job, rates, allowed, allowed - gathered));
  if (job.samples.folds > 0) parts.push_back(held_out_pairs(job, rates, allowed, allowed - gathered));
  if (job.samples.neighbours > 0) parts.push_back(neighbour_pairs(job, rates));
  if (job.samples.kernels > 0 || job.samples.batch > 0) parts.push_back(kernel_pairs(job, rates));

  PhaseCost phase{"pairs", 0, 0, 0, 0, 0, 0, "block spectra"};
  double work = 0, span = 0, limit = 0, flops = 0, words = 0, heaviest = -1, memory = 0, first_memory = 0;
  for (auto const& part : parts) {
    for (auto const& item : part.items) {
      estimate.tiles += item.count;
      estimate.largest_tile = std::max(estimate.largest_tile, item.seconds);
      work += item.seconds * item.count;
    }
    span += hand_out_seconds(part.items, workers);
    limit += part.limit;
    flops += part.flops;
    words += part.words_sent;
    memory = std::max(memory, part.memory);
    first_memory = std::max(first_memory, part.first_memory);
    if (part.limit <= heaviest) continue;
    heaviest = part.limit;
    phase.limit = part.limit_name;
  }
  estimate.tiles_per_rank = estimate.tiles / as_double(workers);
  if (span > 0) estimate.balance = work / as_double(workers) / span;
  double const record_bytes = job.share_of_pairs * job.pairs * (pair_bytes + 1.5 * word * as_double(job.matrices.held));
  double const sent = job.ranks > 1 ? record_bytes + word * words + request_bytes * estimate.tiles : 0;
  phase.words_sent = sent / word / as_double(job.ranks);
  phase.flops = job.share_of_pairs * flops;
  phase.limit_seconds = job.share_of_pairs * limit / as_double(workers);
  // Every rank counts all pairs; journals are written once and read once; records end on the first rank.
  phase.seconds = job.share_of_pairs * span + static_cast<double>(parts.size()) * count * count * 3e-9 +
                  2 * record_bytes / rates.memory_bandwidth +
                  (job.ranks > 1 ? sent / rates.network + rates.latency * estimate.tiles : 0);
  phase.memory = always + std::max(memory, first_memory + gathered);
  estimate.memory_per_rank = std::max(estimate.memory_per_rank, always + memory);
  return phase;
}

}  // namespace

CostEstimate estimate_cost(JobSize const& job, MachineRates const& rates) {
  CostEstimate estimate;
  auto const count = static_cast<double>(job.representations.size());
  double const drawn = draw_memory(job, allowed_memory(job, rates)).bytes;
  double const factors = drawn > 0 ? 2 : 1;  // those of one draw beside those of the data
  for (auto const& r : job.representations) estimate.store_per_node += factors * stored(job, r);
  estimate.store_per_node += sample_store_bytes(job);
  estimate.results_bytes = results_size(job);
  estimate.phases = {header_phase(job, rates), factor_phase(job, rates)};
  if (job.samples.neurons) estimate.phases.push_back(neuron_phase(job, rates, allowed_memory(job, rates)));
  if (job.samples.forms > 0) estimate.phases.push_back(row_phase(job, rates));
  for (auto const& phase : estimate.phases) estimate.memory_per_rank = std::max(estimate.memory_per_rank, phase.memory);
  estimate.phases.push_back(pair_phase(job, rates, estimate));
  double const in_draws = std::max(drawn, reduced_list_memory(job));
  estimate.memory_per_rank =
      std::max(estimate.memory_per_rank, in_draws > 0 ? memory_in_any_case(job, rates) + in_draws : 0);
  for (DrawWork const& draws : job.draws)
    if (draws.count > 0) estimate.phases.push_back(draw_phase(draws, job, rates));

  PhaseCost write{"write", 0, 0, 0, 0, 0, 0, "one rank"};
  write.memory = memory_in_any_case(job, rates) + matrices_bytes(job);
  write.limit_seconds = estimate.results_bytes / write_bandwidth;
  write.seconds = 0.01 + write.limit_seconds + count * count * rates.chance;
  estimate.phases.push_back(write);

  for (auto const& phase : estimate.phases) {
    estimate.seconds += phase.seconds;
    estimate.memory_first_rank = std::max(estimate.memory_first_rank, phase.memory);
  }
  return estimate;
}

}  // namespace confer
