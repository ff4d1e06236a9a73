#include <algorithm>
#include <cmath>
#include <map>

#include "confer/model/tile_plan.hpp"
#include "model/cost_terms.hpp"
#include "model/pair_part.hpp"

namespace confer {

namespace {

constexpr double pair_overhead = 5e-6;  // seconds to gather the statistics of one, journal and enter it

// Representations of one shape; panels are made of such.
using Shape = std::vector<Index>;
Shape shape_of(RepresentationSize const& r) { return {r.rows, r.features, r.kept, r.components}; }

// Arithmetic of one pair besides its share of the panels' product.
struct PairCosts {
  double flops = 0, seconds = 0, limit = 0;
};

PairCosts pair_costs(JobSize const& job, Shape const& a, Shape const& b, MachineRates const& rates) {
  PairWork const& work = job.work;
  PairCosts costs;
  auto const block = [&](SizeCurve const& curve, Index rows, Index cols, double flops_per_cube) {
    double const small = as_double(std::min(rows, cols)), large = as_double(std::max(rows, cols));
    // The Gram matrix grows with the longer side, the eigenvalues do not.
    costs.seconds += curve.at(small) * (large / std::max(small, 1.0) + 4.0 / 3) / (1 + 4.0 / 3);
    costs.flops += small * small * large + flops_per_cube * small * small * small;
  };
  if (work.canonical && !work.weights) block(rates.spectra, a[2], b[2], 4.0 / 3);
  if (work.truncated) block(rates.spectra, std::min(a[2], a[3]), std::min(b[2], b[3]), 4.0 / 3);
  if (work.nuclear) block(rates.spectra, a[2], b[2], 4.0 / 3);
  if (work.weights) {
    block(rates.weights, a[2], b[2], 9);
    double const small = as_double(std::min(a[2], b[2]));
    double const products = 2 * small * (as_double(a[2]) * as_double(a[1]) + as_double(b[2]) * as_double(b[1]));
    costs.flops += products;
    costs.seconds += products / product_rate(job, rates);
  }
  costs.limit = costs.seconds;
  costs.seconds += pair_overhead + rates.scores.at(std::sqrt(as_double(a[2]) * as_double(b[2])));
  return costs;
}

// Panels of equal make-up.
struct PanelType {
  Index rows = 0, columns = 0;
  std::map<Shape, double> shapes;
  auto operator<=>(PanelType const&) const = default;
};

struct TileTotals {
  std::vector<WorkItems> items;
  double flops = 0, product_flops = 0, limit = 0;
};

// Tiles between panels by the make-up of both: few kinds however many panels.
TileTotals tile_totals(JobSize const& job, MachineRates const& rates) {
  std::vector<PlanItem> plan_items;
  std::map<Index, double> members;
  for (auto const& r : job.representations) {
    plan_items.push_back({r.group, r.rows, r.kept});
    if (r.group >= 0) ++members[r.group];
  }
  double comparable = 0;
  for (auto const& [group, count] : members) comparable += count * (count - 1) / 2;
  double const share = comparable > 0 ? std::min(1.0, job.pairs / comparable) : 0;

  std::map<Index, std::map<PanelType, double>> types;  // by group
  for (auto const& panel : plan_panels(plan_items)) {
    PanelType type{panel.rows, panel.columns, {}};
    for (Index const member : panel.members)
      ++type.shapes[shape_of(job.representations[static_cast<std::size_t>(member)])];
    ++types[plan_items[static_cast<std::size_t>(panel.members[0])].group][type];
  }
  TileTotals totals;
  double const rate = product_rate(job, rates);
  auto const add = [&](PanelType const& a, PanelType const& b, bool within, double count) {
    if (count <= 0) return;
    double const n = as_double(a.rows), area = as_double(a.columns) * as_double(b.columns) * (within ? 0.5 : 1);
    double const product = job.work.product ? 2 * n * area : 0;
    double seconds = product / rate, flops = product;
    // Panels are read from the store, and portions of the product added up in double precision.
    if (job.work.product)
      seconds +=
          (n * as_double(b.columns) * value_bytes(job) + std::ceil(n / 2048) * area * 12) / rates.memory_bandwidth;
    double limit = product / rate;
    for (auto const& [x, many_x] : a.shapes)
      for (auto const& [y, many_y] : b.shapes) {
        double const pairs = share * (!within  ? many_x * many_y
                                      : x == y ? many_x * (many_x - 1) / 2
                                               : many_x * many_y / 2);
        PairCosts const pair = pair_costs(job, x, y, rates);
        seconds += pairs * pair.seconds;
        flops += pairs * pair.flops;
        limit += pairs * pair.limit;
      }
    totals.items.push_back({seconds, count});
    totals.flops += count * flops;
    totals.product_flops += count * product;
    totals.limit += count * limit;
  };
  for (auto const& [group, kinds] : types)
    for (auto a = kinds.begin(); a != kinds.end(); ++a) {
      add(a->first, a->first, true, a->second);
      add(a->first, a->first, false, a->second * (a->second - 1) / 2);
      for (auto b = std::next(a); b != kinds.end(); ++b) add(a->first, b->first, false, a->second * b->second);
    }
  return totals;
}

}  // namespace

PairPart covariance_pairs(JobSize const& job, MachineRates const& rates, double allowed, double first_allowed) {
  TileTotals tiles = tile_totals(job, rates);
  PairPart part;
  part.items = std::move(tiles.items);
  part.flops = tiles.flops;
  part.limit = tiles.limit;
  if (2 * tiles.product_flops / product_rate(job, rates) > tiles.limit)
    part.limit_name = job.exact ? "double-precision products" : "single-precision products";
  else
    part.limit_name = "block spectra";
  part.memory = pair_memory(job, allowed).bytes;
  part.first_memory = pair_memory(job, first_allowed).bytes;
  return part;
}

}  // namespace confer
