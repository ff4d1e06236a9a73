#include "model/sample_cost.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "confer/model/tile_plan.hpp"
#include "model/cost_terms.hpp"

namespace confer {

namespace {

// What the stages do, as constants of the formulas.
constexpr double record_overhead = 3e-4;  // seconds to open, store and read back one record
constexpr double pair_overhead = 3e-6;    // seconds to gather, journal and enter one pair
constexpr double element_passes = 6;      // over the values of a form: copy, centre, scale, convert
constexpr double distance_seconds = 1e-9; // to form one distance beside its product, and to look at it
constexpr double neighbour_seconds = 2e-9; // to look at it as that of a neighbour, on the mean
constexpr double rank_seconds = 4e-8;     // to put one distance in its place among all
constexpr double median_samples = 4096;   // at most, of which all distances are taken for their median
constexpr double tile_elements = 1 << 21; // of the kernels of a panel's representations
constexpr double batch_elements = 1 << 25; // the same of a batch
constexpr double panel_members = 1536;
constexpr double sum_bytes = 16;          // of a sum over a kernel
constexpr double kernel_piece_flops = 4e9, left_out_piece_flops = 2.5e8, most_kernel_pieces = 4096;
constexpr double left_out_rank = 8e-9;    // seconds to find a rank among those of all, and to read it
constexpr double mapped_byte = 2e-10;     // seconds to map a byte of ranks again
constexpr double small_product = 0.75;    // share of the speed of large products that small ones reach
constexpr double pairs_per_piece = 128;   // of lists of neighbours

/// Products of samples that only distances are made of.
double distance_rate(JobSize const& job, MachineRates const& rates) {
  return job.exact ? rates.dgemm : rates.short_products;
}

double reading_rate(JobSize const& job, MachineRates const& rates) {
  return std::min(rates.decode, rates.read_bandwidth * as_double(job.nodes) / as_double(job.ranks));
}

struct Group {
  double samples = 0, members = 0, features = 0;
};

std::map<Index, Group> groups_of(JobSize const& job) {
  std::map<Index, Group> groups;
  for (auto const& r : job.representations) {
    if (r.group < 0) continue;
    Group& group = groups[r.group];
    group.samples = as_double(r.rows);
    group.features += as_double(r.features);
    ++group.members;
  }
  return groups;
}

/// A phase that hands out representations one by one.
PhaseCost phase_of(std::string name, JobSize const& job, MachineRates const& rates,
                   std::map<double, double> const& kinds, std::string limit) {
  PhaseCost phase{std::move(name), 0, 0, 0, memory_in_any_case(job, rates), 0, 0, std::move(limit)};
  std::vector<WorkItems> items;
  double work = 0;
  for (auto const& [seconds, count] : kinds) {
    items.push_back({seconds, count});
    work += seconds * count;
  }
  phase.seconds = hand_out_seconds(items, computing_ranks(job.ranks));
  phase.limit_seconds = work / as_double(computing_ranks(job.ranks));
  return phase;
}

/// Stored values reach every node.
void add_exchange(PhaseCost& phase, double bytes, JobSize const& job, MachineRates const& rates) {
  if (job.nodes <= 1) return;
  phase.words_sent += bytes / word * as_double(job.nodes - 1) / as_double(job.ranks);
  phase.seconds += bytes / rates.network;
}

double rank_bytes(JobSize const& job, double samples) { return job.exact || samples <= 2048 ? 4 : 2; }

double neuron_store(JobSize const& job, RepresentationSize const& r) {
  return value_bytes(job) * as_double(r.rows) * as_double(r.features) + 512;
}

double row_store(JobSize const& job, RepresentationSize const& r) {
  SampleWork const& work = job.samples;
  double const n = as_double(r.rows);
  return as_double(work.kept_forms) * n * as_double(r.features) * value_bytes(job) + as_double(work.forms) * 8 * n +
         (work.ranked ? n * n / 2 * rank_bytes(job, n) : 0) +
         n * as_double((work.neighbours + work.further) * work.neighbour_bytes);
}

}  // namespace

double sample_store_bytes(JobSize const& job) {
  double bytes = 0;
  for (auto const& r : job.representations) {
    if (job.samples.neurons) bytes += neuron_store(job, r);
    if (job.samples.forms > 0) bytes += row_store(job, r);
  }
  return bytes;
}

PhaseCost neuron_phase(JobSize const& job, MachineRates const& rates, double allowed) {
  PairMemory const held = neuron_store_memory(job, allowed);
  std::map<double, double> kinds;
  double store = 0, read = 0, flops = 0;
  for (auto const& r : job.representations) {
    double const values = as_double(r.rows) * as_double(r.features);
    double const passes = values * as_double(r.window_value_bytes) <= held.limits.neuron_window ? 1 : 3;
    double const seconds = record_overhead + passes * r.file_bytes / reading_rate(job, rates) +
                           (3 * element_passes / 2 * values * word + neuron_store(job, r)) / rates.memory_bandwidth;
    ++kinds[seconds];
    store += neuron_store(job, r);
    read += passes * r.file_bytes;
    flops += 6 * values;
  }
  PhaseCost phase = phase_of("neurons", job, rates, kinds, "reading");
  phase.memory += held.bytes;
  phase.bytes_read = read;
  phase.flops = flops;
  add_exchange(phase, store, job, rates);
  return phase;
}

PairPart neuron_pairs(JobSize const& job, MachineRates const& rates, double allowed, double first_allowed) {
  std::vector<PlanItem> items;
  for (auto const& r : job.representations) items.push_back({r.group, r.rows, r.features});
  // Panels by width and members: few kinds however many panels.
  struct Kind {
    Index rows, columns, members;
    auto operator<=>(Kind const&) const = default;
  };
  std::map<Index, std::map<Kind, double>> groups;
  for (auto const& panel : plan_panels(items)) {
    Index const group = items[static_cast<std::size_t>(panel.members[0])].group;
    ++groups[group][{panel.rows, panel.columns, std::ssize(panel.members)}];
  }
  PairPart part;
  auto const add = [&](Kind const& a, Kind const& b, bool within, double count) {
    if (count <= 0 || (within && a.members == 1)) return;  // no pairs, no product
    double const n = as_double(a.rows), area = as_double(a.columns) * as_double(b.columns);
    double const product = 2 * n * area;  // also within a panel
    double const pairs = as_double(a.members) * (within ? as_double(a.members - 1) / 2 : as_double(b.members));
    double const mean_area = area / (as_double(a.members) * as_double(b.members));
    double const matching = job.samples.matched ? rates.matching.at(std::sqrt(mean_area)) : 0;
    double const seconds = product / product_rate(job, rates) +
                           n * as_double(b.columns) * value_bytes(job) / rates.memory_bandwidth +
                           pairs * (pair_overhead + mean_area * 1.5e-9 + matching);
    part.items.push_back({seconds, count});
    part.flops += count * product;
    part.limit += count * (product / product_rate(job, rates) + pairs * matching);
  };
  for (auto const& [group, kinds] : groups)
    for (auto a = kinds.begin(); a != kinds.end(); ++a) {
      add(a->first, a->first, true, a->second);
      add(a->first, a->first, false, a->second * (a->second - 1) / 2);
      for (auto b = std::next(a); b != kinds.end(); ++b) add(a->first, b->first, false, a->second * b->second);
    }
  part.memory = neuron_pair_memory(job, allowed).bytes;
  part.first_memory = neuron_pair_memory(job, first_allowed).bytes;
  part.limit_name = "matching of neurons";
  return part;
}

PhaseCost row_phase(JobSize const& job, MachineRates const& rates) {
  SampleWork const& work = job.samples;
  std::map<double, double> kinds;
  double store = 0, read = 0, flops = 0;
  for (auto const& r : job.representations) {
    if (r.group < 0) continue;
    double const n = as_double(r.rows), values = n * as_double(r.features), used = std::min(n, median_samples);
    double const all_distances = n * n / 2, median_distances = used * used / 2;
    double const medians = as_double(work.medians) * median_distances, ranked = work.ranked ? all_distances : 0;
    double const listed = work.neighbours > 0 ? all_distances : 0;
    double const seconds = record_overhead * as_double(work.forms) + r.file_bytes / reading_rate(job, rates) +
                           (as_double(work.forms) * element_passes * values * word + row_store(job, r)) / rates.memory_bandwidth +
                           2 * as_double(r.features) * (medians / distance_rate(job, rates) + ranked / rates.dgemm +
                                                        listed / rates.short_products) +
                           medians * distance_seconds + ranked * rank_seconds + listed * neighbour_seconds;
    ++kinds[seconds];
    store += row_store(job, r);
    read += r.file_bytes;
    flops += (medians + ranked + listed) * 2 * as_double(r.features);
  }
  PhaseCost phase = phase_of("rows", job, rates, kinds, work.ranked ? "sorting" : "distances");
  phase.memory += row_memory(job);
  phase.bytes_read = read;
  phase.flops = flops;
  add_exchange(phase, store, job, rates);
  return phase;
}

PairPart neighbour_pairs(JobSize const& job, MachineRates const& rates) {
  PairPart part;
  part.limit_name = "lists of neighbours";
  double pairs = 0, seconds = 0;
  for (auto const& [number, group] : groups_of(job)) {
    double const count = group.members * (group.members - 1) / 2;
    pairs += count;
    seconds += count * group.samples * rates.neighbour_sample;
    Index const listed = job.samples.neighbours + job.samples.further;
    part.memory += group.members * group.samples * as_double(listed * job.samples.neighbour_bytes);
  }
  if (pairs <= 0) return part;
  double const share = job.pairs / pairs;  // a selection takes from all groups alike
  part.limit = share * seconds;
  part.first_memory = part.memory;
  double const pieces = std::ceil(share * pairs / pairs_per_piece);
  part.items.push_back({(part.limit + share * pairs * pair_overhead) / pieces, pieces});
  return part;
}

PairPart kernel_pairs(JobSize const& job, MachineRates const& rates, Index blocks) {
  PairPart part;
  part.limit_name = "kernels of samples";
  auto const kernels = as_double(job.samples.kernels), batched = job.samples.batch > 0 ? 1.0 : 0.0;
  for (auto const& [number, group] : groups_of(job)) {
    double const n = group.samples, m = group.members, width = std::min(n, as_double(job.samples.batch));
    double const most = batched > 0 ? std::clamp(batch_elements / (width * width), 1.0, panel_members) : panel_members;
    double const panels = std::ceil(m / most), members = m / panels, features = group.features / m;
    // Within a panel half of the products; between two panels both sides' kernels are made.
    // Of n^2 / 2 pairs about 2 / blocks have a sample in the block.
    bool const left_out = blocks > 0;
    double const share = left_out ? 2 / as_double(blocks) : 1;
    double const elements = share * (kernels * n * n / 2 + batched * n * width);
    double const piece_flops = left_out ? left_out_piece_flops : kernel_piece_flops;
    double const ranks = left_out && job.samples.ranked ? n * n / 2 : 0;
    double const rank_seconds = ranks * (share * left_out_rank + rank_bytes(job, n) * mapped_byte);
    double const sample_rate = job.samples.medians > 0 ? distance_rate(job, rates) : product_rate(job, rates);
    auto const add = [&](double flops_of_samples, double flops_of_kernels, double made, double count) {
      double const flops = elements * (flops_of_samples + flops_of_kernels);
      double const limit =
          elements * (flops_of_samples / sample_rate + flops_of_kernels / product_rate(job, rates));
      double const seconds = limit / small_product + made * (elements * rates.kernel_element + rank_seconds);
      double const pieces = std::clamp(flops / piece_flops, 1.0, most_kernel_pieces);
      part.items.push_back({seconds / pieces + record_overhead, std::ceil(pieces) * count});
      part.flops += count * flops;
      part.limit += count * limit;
    };
    add(2 * features * members, members * members, members, panels);
    if (panels > 1) add(4 * features * members, 2 * members * members, 2 * members, panels * (panels - 1) / 2);
    double const sides = panels > 1 ? 2 : 1;
    double const tile = std::min(n * n, std::max({tile_elements / members, 4096.0, batched * width * width})) * members;
    double const sums = (kernels + batched) * (members * members * (sum_bytes + word + value_bytes(job)) + 8 * n * members);
    part.memory = std::max(part.memory, 2 * sides * tile * value_bytes(job) + 2 * sums);
    // All sums, then tables of all pairs of one kernel at a time.
    double const tables = m * m * ((kernels + batched) * sum_bytes / 2 + 3 * word) + (kernels + batched) * 8 * n * m;
    part.first_memory = std::max({part.first_memory, part.memory, tables});
    part.words_sent += (kernels + batched) * (m * m + n * m) * as_double(job.ranks);
  }
  return part;
}

double kernel_totals_bytes(JobSize const& job) {
  double bytes = 0;
  for (auto const& [number, group] : groups_of(job))
    bytes += (as_double(job.samples.kernels) + (job.samples.batch > 0 ? 1.0 : 0.0)) * group.members *
             (group.members * sum_bytes + group.samples * word);
  return bytes;
}

double kernel_pair_memory(JobSize const& job) {
  if (job.samples.kernels == 0 && job.samples.batch == 0) return 0;
  bool const drawn = std::any_of(job.draws.begin(), job.draws.end(),
                                 [](DrawWork const& draws) { return draws.count > 0 && draws.kernels; });
  // Those of all samples, and a copy without a block.
  return kernel_pairs(job, {}).first_memory + (drawn ? 2 * kernel_totals_bytes(job) : 0);
}

}  // namespace confer
