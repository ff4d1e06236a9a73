#include "confer/run/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <optional>

#include "confer/comm/phase_timer.hpp"
#include "confer/comm/progress.hpp"
#include "confer/comm/stop_signal.hpp"
#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/io/journal.hpp"
#include "confer/io/results.hpp"
#include "confer/linalg/blas_info.hpp"
#include "confer/run/load.hpp"
#include "run/compare_plan.hpp"
#include "run/compare_results.hpp"
#include "run/compare_summary.hpp"
#include "run/covariance_job.hpp"
#include "run/earlier_results.hpp"
#include "run/environment.hpp"
#include "run/job_size.hpp"
#include "run/kernel_stage.hpp"
#include "run/micro_benchmark.hpp"
#include "run/neighbour_job.hpp"
#include "run/neuron_job.hpp"
#include "run/pair_stage.hpp"
#include "run/phase_report.hpp"
#include "run/prediction.hpp"
#include "run/row_stage.hpp"
#include "run/store_directory.hpp"
#include "run/tile_engine.hpp"

namespace confer {

namespace {

std::string journal_directory(JobConfig const& config) { return config.run.output + ".journal"; }

[[noreturn]] void stop(StoreDirectory const& directory, Index done, Index all, char const* what) {
  directory.save_beside_output();
  throw StopRequested("stopped on request", fmt::format("{} of {} {} are done and saved", done, all, what),
                      "the same command goes on from here");
}

/// Refuses what --strict does not tolerate, before pairs are computed.
void check_strict(JobConfig const& config, std::vector<Representation> const& representations, FactoredSet const& set) {
  if (!config.run.strict) return;
  for (std::size_t i = 0; i < representations.size(); ++i)
    if (!usable(set.summaries[i].status))
      throw InputError("'" + representations[i].label + "' cannot be used",
                       to_string(set.summaries[i].status) + ": " + set.summaries[i].detail,
                       "leave it out with --layers, --networks or --steps, or run without --strict");
}

/// Values of representations with themselves need no product: M is the identity.
void enter_self_pairs(PairTable& table, FactoredSet const& set, std::vector<std::size_t> const& columns,
                      PairRule const& rule) {
  for (Index i = 0; i < table.count; ++i) {
    if (!rule.computes(i, i)) continue;
    auto const& summary = set.summaries[static_cast<std::size_t>(i)];
    for (std::size_t const m : columns) table.value(m, i, i) = self_score(*table.measures[m], summary);
  }
}

/// The measures of one kind among those in these places of the table.
struct MeasureChoice {
  std::vector<Measure const*> measures;
  std::vector<std::size_t> columns;
};
MeasureChoice of_kind(std::vector<Measure const*> const& measures, std::vector<std::size_t> const& columns,
                      StatisticsKind kind) {
  MeasureChoice choice;
  for (std::size_t const column : columns) {
    if (measures[column]->statistics != kind) continue;
    choice.measures.push_back(measures[column]);
    choice.columns.push_back(column);
  }
  return choice;
}

/// Those of `all` that `chosen` does not hold.
std::vector<std::size_t> others(std::vector<std::size_t> const& chosen, std::vector<std::size_t> const& all) {
  std::vector<std::size_t> rest;
  for (std::size_t const i : all)
    if (std::find(chosen.begin(), chosen.end(), i) == chosen.end()) rest.push_back(i);
  return rest;
}

}  // namespace

int run_compare(JobConfig const& config, Communicator const& comm) {
  set_blas_threads(config.run.threads);
  PhaseTimer timer;
  StopSignal const signal(config.run.time_limit);
  Progress progress(comm, config.run.progress, config.run.quiet);
  auto const stop_requested = [&] { return signal.requested(); };

  timer.start("read headers");
  std::vector<Measure const*> const measures = select_measures(config.compare.measures);
  together(comm, [&] {
    if (comm.is_root()) check_output_path(config.run.output);
  });
  Catalog const catalog = load_catalog(config, comm);
  std::vector<Representation> const representations = select_representations(catalog, config.selection);
  EngineMeasures const engines = engine_measures(measures, catalog, representations, config);
  RowNeeds const row_needs = row_needs_of(engines, config.compare);
  FactorNeeds const needs = factor_needs(engines, representations, config.compare);

  Communicator const node = comm.split_node();
  MemoryAllowance const memory = memory_allowance(comm, node, config.run);
  double const allowed = memory.per_rank - memory.in_use;
  JobSize job = job_size(config, catalog, representations, {}, measures);
  std::vector<FactorMethod> const methods =
      factor_methods(catalog, representations, config, needs, comm.size(), allowed);
  // Refuses what cannot be kept to, before any work.
  PanelLimits const first_limits = panel_limits(job, allowed, comm.is_root());
  StoreDirectory const directory(comm, node, config.run, store_bytes(representations, needs, row_needs, config.compare.exact),
                                 memory.per_node);
  BasisStore const store(directory.path());

  MachineRates const rates = measure_rates({measures, typical_kept(job), job.exact, config.compare.neighbours}, Thoroughness::brief);

  timer.start("factor");
  progress.begin("factor", static_cast<double>(representations.size()), "representations");
  FactorStageResult const factored =
      factor_all(comm, node, catalog, representations, config, needs, methods, store, directory.visible_everywhere(),
                 {stop_requested, [&](double done) { progress.update(done); }});
  progress.end();
  if (factored.stopped) stop(directory, 0, static_cast<Index>(representations.size()), "factors");
  check_strict(config, representations, factored.set);
  std::vector<std::string> keys;
  for (auto const& r : representations)
    keys.push_back(factor_key(catalog, r, config, FactorNeeds{false, false, false}));
  NeuronSet neurons;
  if (needs.neurons) {
    timer.start("neurons");
    progress.begin("neurons", static_cast<double>(representations.size()), "representations");
    neurons = store_neurons(comm, node,
                            {catalog, representations, config, factored.set, keys, store, first_limits.neuron_window},
                            directory.visible_everywhere(),
                            {stop_requested, [&](double done) { progress.update(done); }});
    progress.end();
    if (neurons.stopped) stop(directory, 0, static_cast<Index>(representations.size()), "sets of neurons");
  }

  RowStageResult prepared;
  if (!row_needs.forms.empty()) {
    timer.start("rows");
    progress.begin("rows", static_cast<double>(representations.size()), "representations");
    prepared =
        prepare_all_rows(comm, node, {catalog, representations, config, row_needs, factored.set, store},
                         directory.visible_everywhere(), {stop_requested, [&](double done) { progress.update(done); }});
    progress.end();
    if (prepared.stopped) stop(directory, 0, static_cast<Index>(representations.size()), "prepared representations");
  }

  timer.start("pairs");
  PairRule const rule(catalog, representations, factored.set, config.compare.pairs);
  auto const to_compute = [&](Index row, Index col) { return rule.computes(row, col); };
  std::vector<Index> rows;
  for (auto const& r : representations) rows.push_back(r.rows());
  std::optional<PairTable> table;
  if (comm.is_root()) {
    if (config.run.fresh) remove_journals(journal_directory(config));
    table.emplace(static_cast<Index>(representations.size()), measures);
  }
  EarlierResults const earlier = take_earlier_results(comm, config, keys, measures, engines.covariance_columns,
                                                      to_compute, table ? &*table : nullptr);
  std::vector<Index> const groups = comparable_groups(catalog, representations, factored.set);
  job = job_size(config, catalog, representations, factored.set.summaries, measures);
  PanelLimits const limits = panel_limits(job, allowed, comm.is_root());
  std::vector<PairJob> jobs;
  auto const add_jobs = [&](std::vector<std::size_t> const& columns, std::function<bool(Index, Index)> const& wanted) {
    if (auto const chosen = of_kind(measures, columns, StatisticsKind::covariance); !chosen.measures.empty())
      jobs.push_back(
          covariance_job(config, rows, groups, factored.set, store, chosen.measures, chosen.columns, wanted, limits));
    if (auto const chosen = of_kind(measures, columns, StatisticsKind::neurons); !chosen.measures.empty())
      jobs.push_back(neuron_job(config, rows, groups, neurons, store, chosen.measures, chosen.columns, wanted, limits));
  };
  add_jobs(earlier.measures, [&](Index row, Index col) { return to_compute(row, col) && !earlier.known(row, col); });
  add_jobs(others(earlier.measures, engines.covariance_columns), to_compute);
  if (config.compare.coefficients &&
      of_kind(measures, engines.covariance_columns, StatisticsKind::covariance).measures.empty())
    jobs.push_back(covariance_job(config, rows, groups, factored.set, store, {}, {}, to_compute, limits));
  RowStore const row_store(store.directory());
  NeighbourTask const neighbours{engines.neighbours, engines.neighbour_columns, groups, prepared.keys, to_compute};
  if (!engines.neighbours.empty()) jobs.push_back(neighbour_job(config, neighbours, row_store));
  PairStageControl const control = {stop_requested,
                                    [&](double pairs, double found) { progress.begin("pairs", pairs, "pairs", found); },
                                    [&](double pairs_done) { progress.update(pairs_done); }};
  PairStageReport report;
  for (auto const& pair_job : jobs) {
    report += compare_pairs(comm, pair_job, journal_directory(config), control, table ? &*table : nullptr);
    progress.end();
    if (report.stopped) stop(directory, report.pieces_found + report.pieces_done, report.pieces, "pieces of pairs");
  }

  if (!engines.kernel.empty()) {
    KernelJob kernels{engines.kernel, engines.kernel_columns, {}, prepared.keys, to_compute};
    for (std::size_t i = 0; i < representations.size(); ++i)
      kernels.items.push_back({groups[i], rows[i], representations[i].features});
    report += compare_kernels(comm, config, kernels, row_store, journal_directory(config), control,
                              table ? &*table : nullptr);
    progress.end();
    if (report.stopped) stop(directory, report.pieces_found + report.pieces_done, report.pieces, "pieces of pairs");
  }

  timer.start("write");
  note_what_ran(job, comm, node, factored, report);
  std::vector<PhaseSummary> const phases = timer.summary(comm);
  timer.start("write");  // goes on
  int code = 0;
  together(comm, [&] {
    if (!comm.is_root()) return;
    if (!engines.neighbours.empty()) finish_neighbours(config, neighbours, row_store, *table);
    enter_self_pairs(*table, factored.set, engines.covariance_columns, rule);
    PairStatusRows const status(rule, factored.set.summaries);
    PairStatusRows::Counts const pairs = status.count(*table);
    ComparisonData const data{config, catalog, representations, factored.set, status, keys};
    ResultSet results = comparison_results(data, std::move(*table));
    if (earlier.taken > 0) {
      results.attributes["pairs_of_an_earlier_run"] = earlier.taken;
      if (!config.run.quiet)
        fmt::print(stderr, "confer: values of {} pairs were in '{}' already; --fresh computes everything anew\n",
                   format_count(earlier.taken), config.run.output);
    }
    add_environment(results, comm, config.run, phases);
    add_prediction(results, job, rates, phases);
    write_results(config.run.output, results);
    remove_journals(journal_directory(config));
    code = comparison_is_complete(catalog, factored.set, pairs) ? 0 : 1;
    if (!config.run.quiet) {
      timer.stop();
      std::fputs(failures_text(catalog, representations, factored.set, pairs).c_str(), stderr);
      std::fputs(phases_text(results, timer).c_str(), stdout);
      std::fputs(summary_text(results, config.run.output).c_str(), stdout);
      std::fflush(stdout);
    }
  });
  directory.discard();
  comm.broadcast(std::span(&code, 1), 0);
  return code;
}

}  // namespace confer
