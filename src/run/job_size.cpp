#include "run/job_size.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "run/compare_plan.hpp"
#include "run/factor_one.hpp"
#include "run/kernel_plan.hpp"
#include "run/resampling_stage.hpp"
#include "run/reserved_lists.hpp"
#include "run/tile_engine.hpp"

namespace confer {

namespace {

double choose_two(double count) { return count * (count - 1) / 2; }

Index directions(JobConfig const& config, FactorNeeds const& needs, Index rows, Index features) {
  Index kept = std::max<Index>(1, std::min(rows - 1, features));
  if (config.plan.rank) kept = std::min(kept, *config.plan.rank);
  if (needs.truncated && config.compare.components) kept = std::min(kept, *config.compare.components);
  return needs.basis ? kept : 0;
}

PairWork pair_work(CompareOptions const& options, std::vector<Measure const*> const& measures) {
  unsigned const needs = combined_needs(measures);
  PairWork work;
  work.measures = 0;
  work.product = needs != 0 || options.coefficients;
  work.canonical = (needs & needs_canonical) != 0 || options.coefficients;
  work.truncated = (needs & needs_truncated) != 0;
  work.nuclear = (needs & needs_nuclear) != 0;
  work.weights = (needs & needs_weights) != 0;
  work.coefficients = options.coefficients;
  for (auto const* measure : measures) work.measures += measure->statistics == StatisticsKind::covariance ? 1 : 0;
  return work;
}

SampleWork sample_work(EngineMeasures const& engines, CompareOptions const& options) {
  SampleWork work;
  for (auto const* measure : engines.covariance) {
    if (measure->statistics == StatisticsKind::held_out) work.folds = options.folds;
    if (measure->statistics != StatisticsKind::neurons) continue;
    work.neurons = true;
    work.matched = work.matched || (measure->needs & needs_matching) != 0;
  }
  RowNeeds const rows = row_needs_of(engines, options);
  work.forms = std::ssize(rows.forms);
  work.kept_forms = std::ssize(rows.kept);
  work.medians = std::ssize(rows.with_median);
  work.ranked = rows.ranked.has_value();
  work.centred_order = rows.wants(RowForm::centred) && rows.orders(RowForm::centred);
  work.neighbours = rows.neighbours;
  if (rows.blocks > 0) work.further = reserved_neighbours(rows.neighbours, rows.blocks) - rows.neighbours;
  work.neighbour_bytes = rows.neighbour_detail == NeighbourDetail::inner_products ? 12 : 4;
  for (auto const& choice : kernel_choices(engines.kernel, options)) {
    if (choice.function == TileFunction::u_centred)
      work.batch = options.batch;
    else
      ++work.kernels;
  }
  return work;
}

std::vector<DrawWork> draw_work(std::vector<Measure const*> const& measures, CompareOptions const& options) {
  auto const work_of = [&](Resampling kind, Index draws) {
    DrawWork work{phase_of(kind), kind != Resampling::permutation, draws, 0, false, false, false, 0};
    for (auto const* measure : measures) {
      if (!is_resampled(*measure, kind, options)) continue;
      ++work.measures;
      work.factors = work.factors || measure->statistics == StatisticsKind::covariance;
      work.kernels = work.kernels || measure->statistics == StatisticsKind::kernel;
      work.neighbours = work.neighbours || measure->statistics == StatisticsKind::neighbours;
    }
    return work;
  };
  return {work_of(Resampling::bootstrap, options.bootstrap), work_of(Resampling::permutation, options.permutations),
          work_of(Resampling::jackknife, options.jackknife)};
}

/// `checkpoints`: of how many the representations are layers.
PairMatrices pair_matrices(EngineMeasures const& engines, CompareOptions const& options, Index representations,
                           Index checkpoints) {
  PairMatrices matrices{0, 1, 0, 0};  // the reasons are written
  Index all = 0;
  auto const add = [&](std::vector<Measure const*> const& measures) {
    for (auto const* measure : measures) {
      bool const covariance = measure->statistics == StatisticsKind::covariance && &measures == &engines.covariance;
      bool const chance = covariance                             ? measure->chance != nullptr
                          : &measures == &engines.kernel         ? measure->kernel_chance != nullptr
                                                                 : measure->neighbour_chance != nullptr;
      bool const edge = std::string(measure->name) == "cca";
      // Chance levels of covariances are made when they are written; those of other engines come with the values.
      matrices.held += 1 + (edge ? 1 : 0) + (chance && !covariance ? 2 : 0);
      matrices.written += 1 + (edge ? 1 : 0) + (chance ? 2 : 0);
      ++all;
    }
  };
  add(engines.covariance);
  add(engines.kernel);
  add(engines.neighbours);
  auto const add_drawn = [&](std::vector<Measure const*> const& measures) {
    for (auto const* measure : measures) {
      bool const bootstrap = options.bootstrap > 0 && is_resampled(*measure, Resampling::bootstrap, options);
      bool const permuted = options.permutations > 0 && is_resampled(*measure, Resampling::permutation, options);
      bool const jackknife = options.jackknife > 0 && is_resampled(*measure, Resampling::jackknife, options);
      if (!bootstrap && !permuted && !jackknife) continue;
      // The values of one draw; their number, mean and spread over draws, and how often they reach those of the data.
      matrices.drawn += 1 + (std::string(measure->name) == "cca" ? 1 : 0);
      if (bootstrap || jackknife) matrices.drawn += 3;
      if (permuted) matrices.drawn += 4;
      matrices.written += (bootstrap || jackknife ? 1 : 0) + (permuted ? (measure->chance != nullptr ? 1 : 3) : 0);
    }
  };
  add_drawn(engines.covariance);
  add_drawn(engines.kernel);
  add_drawn(engines.neighbours);
  if (checkpoints > 1 && checkpoints < representations) {
    matrices.checkpoints = checkpoints;
    matrices.summaries = 4 * all;
  }
  return matrices;
}

double type_bytes(StoredType type) {
  switch (type) {
    case StoredType::float16:
      return 2;
    case StoredType::float32:
    case StoredType::integer:
      return 4;
    case StoredType::float64:
      return 8;
  }
  return 8;
}

double bytes_of_values(LayerInfo const& layer, Index samples) {
  double bytes = type_bytes(layer.type) * static_cast<double>(samples);
  for (std::size_t i = 0; i < layer.axes.size(); ++i)
    if (layer.axes[i] != Axis::sample && layer.axes[i] != Axis::step) bytes *= static_cast<double>(layer.extents[i]);
  return bytes;
}

// Members of a group of comparable representations, counted in the ways that selections of pairs need.
struct GroupCounts {
  double all = 0, not_matched = 0;
  std::map<std::string, double> networks, layers;
};

double selected_pairs(PairSelection const& selection, GroupCounts const& group) {
  double pairs = choose_two(group.all);
  switch (selection.kind) {
    case PairSelection::Kind::all:
      return pairs;
    case PairSelection::Kind::cross_network:
      for (auto const& [name, count] : group.networks) pairs -= choose_two(count);
      return pairs;
    case PairSelection::Kind::same_layer:
      pairs = 0;
      for (auto const& [name, count] : group.layers) pairs += choose_two(count);
      return pairs;
    case PairSelection::Kind::to:
      return pairs - choose_two(group.not_matched);
  }
  return pairs;
}

}  // namespace

JobSize job_size(JobConfig const& config, Catalog const& catalog, std::vector<Representation> const& representations,
                 std::vector<FactorSummary> const& summaries, std::vector<Measure const*> const& measures) {
  JobSize job;
  EngineMeasures const engines = engine_measures(measures, catalog, representations, config);
  job.work = pair_work(config.compare, engines.covariance);
  job.exact = config.compare.exact;
  job.svd = config.run.svd;
  job.memory_per_rank = config.run.memory_per_rank.value_or(0);
  FactorNeeds const needs = factor_needs(engines, representations, config.compare);
  std::map<std::string, Index> numbers;
  std::map<Index, GroupCounts> groups;
  std::set<std::string> files;
  std::set<Index> checkpoints;
  for (std::size_t i = 0; i < representations.size(); ++i) {
    auto const& r = representations[i];
    auto const& checkpoint = catalog.checkpoints[static_cast<std::size_t>(r.checkpoint)];
    auto const& layer = checkpoint.layers[static_cast<std::size_t>(r.layer)];
    for (auto const& shard : checkpoint.shards) files.insert(shard.path);
    checkpoints.insert(r.checkpoint);
    RepresentationSize size;
    size.rows = r.rows();
    size.features = r.features;
    size.file_bytes = bytes_of_values(layer, r.samples);
    size.rows_per_sample = r.rows_per_sample;
    FactorShape const shape = factor_shape(catalog, r, config, needs);
    size.window_value_bytes = shape.window_value_bytes;
    size.values_per_sample = shape.values_per_sample;
    size.chunked = shape.chunked;
    size.kept = size.components = directions(config, needs, size.rows, size.features);
    if (config.compare.components) size.components = std::min(size.kept, *config.compare.components);
    std::string const group = checkpoint.inputs_id + "\n" + r.row_meaning + "\n" + std::to_string(r.sample_begin) +
                              " " + std::to_string(size.rows);
    size.group = numbers.emplace(group, static_cast<Index>(numbers.size())).first->second;
    if (!summaries.empty()) {
      FactorSummary const& found = summaries[i];
      size.kept = found.kept;
      size.components = std::min(found.components, found.kept);
      size.levels = found.levels;
      if (!usable(found.status)) size.group = -1;
    }
    if (size.group >= 0) {
      GroupCounts& counts = groups[size.group];
      ++counts.all;
      ++counts.networks[checkpoint.network];
      ++counts.layers[layer.name];
      if (config.compare.pairs.kind == PairSelection::Kind::to && !glob_match(config.compare.pairs.glob, r.label))
        ++counts.not_matched;
    }
    job.representations.push_back(size);
  }
  for (auto const& [number, group] : groups) job.pairs += selected_pairs(config.compare.pairs, group);
  job.samples = sample_work(engines, config.compare);
  job.draws = draw_work(measures, config.compare);
  job.matrices = pair_matrices(engines, config.compare, std::ssize(representations), std::ssize(checkpoints));
  job.files = static_cast<Index>(files.size());
  job.header_bytes = static_cast<double>(to_json(catalog).size());
  return job;
}

JobSize job_size(JobConfig const& config, std::vector<Measure const*> const& measures) {
  PlanOptions const& plan = config.plan;
  JobSize job;
  Index const count = plan.representations.value_or(0);
  EngineMeasures const engines =
      engine_measures(measures, std::vector<KernelItem>(static_cast<std::size_t>(count), {0, plan.samples, plan.neurons}), config);
  std::vector<Representation> one(1);
  one[0].samples = plan.samples;
  one[0].features = plan.neurons;
  job.work = pair_work(config.compare, engines.covariance);
  job.samples = sample_work(engines, config.compare);
  job.draws = draw_work(measures, config.compare);
  job.matrices = pair_matrices(engines, config.compare, count, count);
  job.exact = config.compare.exact;
  job.svd = config.run.svd;
  job.memory_per_rank = config.run.memory_per_rank.value_or(0);
  RepresentationSize size;
  size.rows = plan.samples;
  size.features = plan.neurons;
  size.kept = size.components = directions(config, factor_needs(engines, one, config.compare), plan.samples, plan.neurons);
  if (config.compare.components) size.components = std::min(size.kept, *config.compare.components);
  size.file_bytes = 4 * static_cast<double>(plan.samples) * static_cast<double>(plan.neurons);
  job.representations.assign(static_cast<std::size_t>(count), size);
  job.pairs = choose_two(static_cast<double>(count));
  job.files = count;
  job.header_bytes = 700 * static_cast<double>(count);
  return job;
}

PanelLimits panel_limits(JobSize const& job, double allowed, bool first_rank) {
  auto const refuse = [&](std::string const& what, double needed, char const* cure = "representations or measures") {
    throw UsageError("--memory-per-rank is too small",
                     what + " " + format_bytes(needed) + " beside what it has in use, and may take " +
                         format_bytes(std::max(allowed, 0.0)),
                     std::string("allow more, or compare fewer ") + cure);
  };
  PanelLimits limits;
  if (job.samples.neurons) {
    PairMemory const store = neuron_store_memory(job, allowed);
    if (store.bytes > allowed) refuse("to store the neurons of the largest representation a rank needs", store.bytes);
    limits.neuron_window = store.limits.neuron_window;
  }
  if (job.samples.forms > 0)
    if (double const bytes = row_memory(job); bytes > allowed)
      refuse("to prepare the rows of the largest representation a rank needs", bytes);
  double const matrices = matrices_bytes(job), first_allowed = allowed - matrices;
  if (double const bytes = draw_memory(job, first_allowed).bytes; bytes > first_allowed)
    refuse("to draw the samples of the largest representation the first rank needs", bytes + matrices);
  if (double const bytes = reduced_list_memory(job); bytes > first_allowed)
    refuse("for lists of neighbours without a block of samples the first rank needs", bytes + matrices);
  if (double const bytes = held_out_memory(job, first_allowed).bytes; bytes > first_allowed)
    refuse("to judge a pair on held-out samples the first rank needs", bytes + matrices,
           "representations, or take fewer --folds");
  double const needed =
      std::max({pair_memory(job, first_allowed).bytes, kernel_pair_memory(job),
                job.samples.neurons ? neuron_pair_memory(job, first_allowed).bytes : 0.0});
  if (needed > first_allowed)
    refuse("for the pairs of " + format_count(std::ssize(job.representations)) + " representations the first rank needs",
           needed + matrices);
  double const room = first_rank ? first_allowed : allowed;
  PanelLimits const pairs = pair_memory(job, room).limits;
  limits.rows = pairs.rows;
  limits.loadings_bytes = pairs.loadings_bytes;
  limits.permuted_bytes = draw_memory(job, room).limits.permuted_bytes;
  limits.held_out_bytes = held_out_memory(job, room).limits.held_out_bytes;
  if (job.samples.neurons) limits.neuron_rows = neuron_pair_memory(job, room).limits.neuron_rows;
  return limits;
}

Index typical_kept(JobSize const& job) {
  double sum = 0, squares = 0;
  for (auto const& r : job.representations) {
    auto const kept = static_cast<double>(r.kept);
    sum += kept;
    squares += kept * kept;
  }
  return sum > 0 ? static_cast<Index>(squares / sum) : 1;
}

}  // namespace confer
