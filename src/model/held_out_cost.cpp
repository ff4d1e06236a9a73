#include <algorithm>
#include <cmath>
#include <map>

#include "model/cost_terms.hpp"
#include "model/pair_part.hpp"

namespace confer {

namespace {

// What the stage does, as constants of the formulas.
constexpr double block = 4;             // a piece pairs so many representations with so many others
constexpr double pair_overhead = 5e-6;  // seconds to journal and enter one
constexpr double read_passes = 4;       // over rows of a basis: read, put in the order of folds, convert, scale
constexpr double side_products = 4;     // times k^3: held-out samples in the coordinates of a fit
constexpr double fold_products = 8;     // times k^3: both products of a fold in the coordinates of both fits
constexpr double full_speed = 64;       // directions from which on a product of two bases is as fast as large ones

/// Representations of a group by their number of directions: few kinds however many there are.
struct Group {
  double rows = 0;
  std::map<Index, double> members;
};

/// Seconds and arithmetic of one representation's folds, or of one pair.
struct Work {
  double seconds = 0, limit = 0, flops = 0;
};

Work side_work(JobSize const& job, MachineRates const& rates, double n, double k) {
  double const folds = as_double(job.samples.folds), cubes = folds * k * k * k;
  Work work;
  work.flops = n * k * k + side_products * cubes + 30 * cubes;
  work.limit = n * k * k / rates.dgemm + folds * rates.reweight.at(k) + side_products * cubes / rates.dgemm;
  work.seconds = work.limit + read_passes * n * k * word / rates.memory_bandwidth;
  return work;
}

Work pair_work(JobSize const& job, MachineRates const& rates, double n, double k, double l) {
  double const folds = as_double(job.samples.folds), middle = std::sqrt(k * l);
  Work work;
  work.flops = 2 * n * k * l + folds * fold_products * middle * middle * middle;
  double const product_share = std::min(1.0, middle / full_speed);
  work.limit = 2 * n * k * l / (product_rate(job, rates) * product_share) + folds * rates.held_out.at(middle);
  work.seconds = work.limit + pair_overhead + 6 * folds * k * l * word / rates.memory_bandwidth;
  return work;
}

}  // namespace

PairPart held_out_pairs(JobSize const& job, MachineRates const& rates, double allowed, double first_allowed) {
  PairMemory const held = held_out_memory(job, allowed);
  std::map<Index, Group> groups;
  double members = 0, held_bytes = 0;
  for (auto const& r : job.representations) {
    if (r.group < 0 || r.kept <= 0) continue;
    Group& group = groups[r.group];
    group.rows = as_double(r.rows);
    ++group.members[r.kept];
    ++members;
    held_bytes += held_out_memory_of(r.rows, r.kept, job.samples.folds, job.exact).kept(held.limits.held_out_bytes);
  }
  PairPart part;
  part.limit_name = "fits of folds";
  part.memory = held.bytes;
  part.first_memory = held_out_memory(job, first_allowed).bytes;
  if (members == 0) return part;

  Work sides, pairs;
  double comparable = 0;
  auto const add = [](Work& sum, Work const& one, double count) {
    sum.seconds += count * one.seconds;
    sum.limit += count * one.limit;
    sum.flops += count * one.flops;
  };
  for (auto const& [number, group] : groups)
    for (auto a = group.members.begin(); a != group.members.end(); ++a) {
      add(sides, side_work(job, rates, group.rows, as_double(a->first)), a->second);
      for (auto b = a; b != group.members.end(); ++b) {
        double const count = a == b ? a->second * (a->second - 1) / 2 : a->second * b->second;
        comparable += count;
        add(pairs, pair_work(job, rates, group.rows, as_double(a->first), as_double(b->first)), count);
      }
    }
  double const share = comparable > 0 ? std::min(1.0, job.pairs / comparable) : 0;
  double const all = share + (comparable > 0 ? members / comparable : 1);  // every representation with itself too
  double const pieces = std::max(1.0, std::ceil((share * comparable + members) / (block * block)));
  // Each rank makes the folds of what it meets: once where all of them fit, or once for every other piece.
  double const workers = as_double(computing_ranks(job.ranks));
  double const made = held_bytes <= held.limits.held_out_bytes ? std::min(workers, pieces) : pieces * block / members;
  part.flops = made * sides.flops + all * pairs.flops;
  part.limit = sides.limit + all * pairs.limit;
  part.items.push_back({(made * sides.seconds + all * pairs.seconds) / pieces, pieces});
  return part;
}

}  // namespace confer
