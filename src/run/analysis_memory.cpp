#include "run/analysis_memory.hpp"

#include <algorithm>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/linalg/factor.hpp"
#include "run/activation_source.hpp"
#include "run/environment.hpp"
#include "run/factor_one.hpp"

namespace confer {

namespace {

constexpr double value = sizeof(double);

double as_double(Index number) { return static_cast<double>(number); }

struct Size {
  double rows, features, small, samples;
  explicit Size(Representation const& r)
      : rows(as_double(r.rows())),
        features(as_double(r.features)),
        small(std::min(rows, features)),
        samples(as_double(r.samples)) {}
};

/// Buffers in which so many stored values are converted.
double converting(double values) { return 10 * std::min(values, 8388608.0); }

FactorShape shape_of(Catalog const& catalog, Representation const& r, JobConfig const& config, bool basis) {
  FactorNeeds needs;
  needs.basis = basis;
  needs.loadings = true;
  FactorShape shape = factor_shape(catalog, r, config, needs);
  shape.exact = basis;
  shape.window_value_bytes = sizeof(double);
  return shape;
}

}  // namespace

MemoryBudget::MemoryBudget(Communicator const& comm, Communicator const& node, RunOptions const& run) {
  MemoryAllowance const memory = memory_allowance(comm, node, run);
  allowed_ = std::max(0.0, memory.per_rank - memory.in_use);
}

void MemoryBudget::require(char const* what, Representation const& representation, double bytes) const {
  if (bytes <= allowed_) return;
  throw UsageError("--memory-per-rank is too small",
                   std::string(what) + " '" + representation.label + "' (" + format_count(representation.rows()) +
                       " rows x " + format_count(representation.features) + " neurons) a rank needs " +
                       format_bytes(bytes) + " beside what it has in use, and may take " + format_bytes(allowed_),
                   "allow more, start fewer ranks on a node, or leave the layer out with --layers");
}

void MemoryBudget::require_of_first_rank(char const* what, double bytes) const {
  if (bytes <= allowed_) return;
  throw UsageError("--memory-per-rank is too small",
                   std::string("to gather ") + what + " the first rank needs " + format_bytes(bytes) +
                       " beside what it has in use, and may take " + format_bytes(allowed_),
                   "allow more, or take fewer layers or steps");
}

double align_memory(Catalog const& catalog, Representation const& representation, JobConfig const& config,
                    Index outputs, bool whole) {
  constexpr double most_of_cached_targets = 32 << 20;
  Size const size(representation);
  double const columns = 1 + as_double(outputs), k = size.small,
               rows_at_once = as_double(rows_per_block(representation.features));
  bool const demo = config.align.preprocess == AlignPreprocess::demo, held = whole || size.features > size.rows;
  double const values = held ? size.rows * size.features * value : 0;
  double const targets =
      4 * size.samples * columns * value + std::min(most_of_cached_targets, columns * size.samples * value);
  bool const several = representation.rows_per_sample > 1;
  bool const raw = config.align.centring() == AlignCenter::none || config.align.centring() == AlignCenter::targets;
  // Rows with their targets, the products of both, and what rows of the same sample add up to.
  double side = k * size.features * value + 8 * size.rows + size.rows * columns * value +
                std::min(size.rows, rows_at_once) * size.features * value + 2 * size.features * columns * value;
  if (several) side += (size.features * size.samples + size.samples * k + k * k) * value;
  if (raw) side += (4 * k * size.features + 6 * k * k) * value;
  // The factor holds its window itself only where the activations are not held.
  double const factor = local_factor_memory(shape_of(catalog, representation, config, false), held);
  return targets + (demo ? values : 0) + std::max(factor, values + converting(size.rows * size.features) + side);
}

double aligned_bytes(Representation const& representation, Index targets, Index outputs) {
  constexpr double copies = 3, curve_points = 200;
  double const vectors = 5 * as_double(targets) + as_double(outputs);
  return copies * value * (Size(representation).small * (1 + vectors) + curve_points * vectors);
}

double convergence_memory(Catalog const& catalog, Representation const& representation, JobConfig const& config,
                          bool whole) {
  constexpr double directions = 200;
  Size const size(representation);
  bool const held = whole || size.features > size.rows;
  double const factor = (size.rows + size.features) * size.small * value + 8 * size.rows;
  return local_factor_memory(shape_of(catalog, representation, config, true), held) + 2 * factor +
         (2 * directions * size.rows + 12 * size.small * size.small + 2 * size.small * size.features) * value;
}

double sequence_memory(Representation const& representation) {
  double const n = as_double(representation.samples), p = as_double(representation.features), k = std::min(n, p);
  double const times = as_double(representation.rows_per_sample), values = n * p * times;
  // All time steps of one training step and of the last one, and a factor under way.
  double const factors = times * ((n + p) * k * value + 8 * n),
               way = (8 * k * k + 2 * n * k + 2 * k * p) * value + 32e6;
  return 2 * factors + values * value + converting(values) + way + 2 * times * times * value;
}

double fit_memory(Representation const& hidden, Representation const& output, Index inputs) {
  auto const side = [&](Representation const& r) {
    double const read = std::min(as_double(4 * inputs), as_double(r.samples)) * as_double(r.features);
    return (as_double(inputs) * as_double(r.features) + read) * value + converting(read);
  };
  return side(hidden) + side(output) + 3 * as_double(output.samples) * as_double(output.features) * value;
}

double census_memory(Representation const& representation, bool variances) {
  Size const size(representation);
  double const values = size.rows * size.features;
  return (variances ? 3 : 2) * values * value + converting(values) + 4 * size.rows * value;
}

double neuron_side_memory(Catalog const& catalog, Representation const& representation) {
  constexpr double rows_at_once = 512;
  Size const size(representation);
  LayerInfo const& layer = catalog.checkpoints[static_cast<std::size_t>(representation.checkpoint)]
                               .layers[static_cast<std::size_t>(representation.layer)];
  double const stored = as_double(window_value_bytes(layer, representation, ActivationPart::By::features));
  double const all = size.rows * size.features * stored;
  double const block = std::max(rows_at_once, 2 * as_double(representation.rows_per_sample)) * size.features;
  return (all <= as_double(usually_kept_bytes) ? all : block * stored) + 2 * block * value + converting(block) +
         8 * size.features * value;
}

}  // namespace confer
