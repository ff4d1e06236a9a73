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
#include "confer/linalg/release_memory.hpp"
#include "confer/run/load.hpp"
#include "run/compare_plan.hpp"
#include "run/compare_results.hpp"
#include "run/compare_summary.hpp"
#include "run/covariance_job.hpp"
#include "run/earlier_results.hpp"
#include "run/environment.hpp"
#include "run/held_out_job.hpp"
#include "run/jackknife.hpp"
#include "run/job_size.hpp"
#include "run/kernel_stage.hpp"
#include "run/micro_benchmark.hpp"
#include "run/neighbour_job.hpp"
#include "run/neuron_job.hpp"
#include "run/pair_stage.hpp"
#include "run/phase_report.hpp"
#include "run/prediction.hpp"
#include "run/resampling_stage.hpp"
#include "run/row_stage.hpp"
#include "run/store_directory.hpp"
#include "run/tile_engine.hpp"

namespace confer {

namespace {

std::string journal_directory(JobConfig const& config) { return config.run.output + ".journal"; }

void remove_unfinished_work(JobConfig const& config) {
  remove_draws(journal_directory(config));
  remove_journals(journal_directory(config));
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
    for (std::size_t const m : columns)  // held-out samples have been paired with themselves
      if (table.measures[m]->statistics != StatisticsKind::held_out)
        table.value(m, i, i) = self_score(*table.measures[m], summary);
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

/// The comparison, phase by phase; every step is collective.
class Comparison {
 public:
  Comparison(JobConfig const& config, Communicator const& comm)
      : config_(config),
        comm_(comm),
        node_(comm.split_node()),
        signal_(config.run.time_limit),
        progress_(comm, config.run.progress, config.run.quiet) {}

  void read_headers();
  void factor();
  void prepare();
  void pairs();
  void resample(Resampling kind, Index draws);
  int write();

 private:
  /// Begins a phase that reports on representations.
  FactorStageControl begin(char const* phase);
  std::function<bool()> stop_requested() const {
    return [this] { return signal_.requested(); };
  }
  [[noreturn]] void stop(Index done, Index all, char const* what) const;
  std::vector<PairJob> pair_jobs();
  void add(PairStageReport const& report);
  KernelJob kernel_job() const;
  NeighbourTask neighbour_task() const {
    return {engines_.neighbours, engines_.neighbour_columns, groups_, prepared_.keys, to_compute(), nullptr, {}};
  }
  std::function<bool(Index, Index)> to_compute() const {
    return [this](Index row, Index col) { return rule_->computes(row, col); };
  }
  PairTable* table() { return table_ ? &*table_ : nullptr; }
  Index count() const { return std::ssize(representations_); }

  JobConfig const& config_;
  Communicator const& comm_;
  Communicator const node_;
  PhaseTimer timer_;
  StopSignal const signal_;
  Progress progress_;

  std::vector<Measure const*> measures_;
  Catalog catalog_;
  std::vector<Representation> representations_;
  std::vector<Index> rows_;  // of each representation
  EngineMeasures engines_;
  RowNeeds row_needs_;
  FactorNeeds needs_;
  double allowed_ = 0;  // bytes of this rank, beside what is in use already
  JobSize size_;
  PanelLimits limits_;  // by the headers
  MachineRates rates_;
  std::vector<FactorMethod> methods_;
  std::optional<StoreDirectory> directory_;
  std::optional<BasisStore> store_;
  std::optional<RowStore> row_store_;

  FactorStageResult factored_;
  std::vector<std::string> keys_;  // of everything the values of a representation depend on
  NeuronSet neurons_;
  RowStageResult prepared_;

  std::optional<PairRule> rule_;
  std::vector<Index> groups_;
  EarlierResults earlier_;
  std::optional<PairTable> table_;  // rank 0
  PairStageReport report_;
  std::vector<KernelSums> kernel_totals_;   // rank 0, for the jackknife
  std::vector<ResampledValues> resampled_;  // rank 0
};

void Comparison::stop(Index done, Index all, char const* what) const {
  directory_->save_beside_output();
  throw StopRequested("stopped on request", fmt::format("{} of {} {} are done and saved", done, all, what),
                      "the same command goes on from here");
}

FactorStageControl Comparison::begin(char const* phase) {
  timer_.start(phase);
  progress_.begin(phase, static_cast<double>(count()), "representations");
  return {stop_requested(), [this](double done) { progress_.update(done); }};
}

void Comparison::read_headers() {
  timer_.start("read headers");
  measures_ = select_measures(config_.compare.measures);
  check_resampling(config_.compare, measures_);
  together(comm_, [&] {
    if (!comm_.is_root()) return;
    check_output_path(config_.run.output);
    if (!config_.run.quiet) fmt::print(stderr, "{}", resampling_warning(config_.compare, measures_));
  });
  catalog_ = load_catalog(config_, comm_);
  representations_ = select_representations(catalog_, config_.selection);
  require_pairs(config_.compare.pairs, catalog_, representations_);
  for (auto const& r : representations_) rows_.push_back(r.rows());
  engines_ = engine_measures(measures_, catalog_, representations_, config_);
  row_needs_ = row_needs_of(engines_, config_.compare);
  needs_ = factor_needs(engines_, representations_, config_.compare);

  MemoryAllowance const memory = memory_allowance(comm_, node_, config_.run);
  allowed_ = memory.per_rank - memory.in_use;
  size_ = job_size(config_, catalog_, representations_, {}, measures_);
  methods_ = factor_methods(catalog_, representations_, config_, needs_, comm_.size(), allowed_);
  limits_ = panel_limits(size_, allowed_, comm_.is_root());  // refuses what cannot be kept to, before any work
  directory_.emplace(comm_, node_, config_.run, store_bytes(representations_, needs_, row_needs_, config_.compare),
                     memory.per_node);
  store_.emplace(directory_->path());
  row_store_.emplace(directory_->path());
  rates_ = measure_rates({measures_, typical_kept(size_), size_.exact, config_.compare.neighbours,
                          config_.compare.bootstrap + config_.compare.jackknife > 0},
                         Thoroughness::brief);
}

void Comparison::factor() {
  FactorStageControl const control = begin("factor");
  factored_ = factor_all(comm_, node_, catalog_, representations_, config_, needs_, methods_, *store_,
                         directory_->visible_everywhere(), control);
  progress_.end();
  if (factored_.stopped) stop(0, count(), "factors");
  check_strict(config_, representations_, factored_.set);
  for (auto const& r : representations_)
    keys_.push_back(factor_key(catalog_, r, config_, FactorNeeds{false, false, false}));
}

/// What measures read that are not made of factors.
void Comparison::prepare() {
  if (needs_.neurons) {
    FactorStageControl const control = begin("neurons");
    neurons_ = store_neurons(comm_, node_,
                             {catalog_, representations_, config_, factored_.set, keys_, *store_, limits_.neuron_window},
                             directory_->visible_everywhere(), control);
    progress_.end();
    if (neurons_.stopped) stop(0, count(), "sets of neurons");
  }
  if (!row_needs_.forms.empty()) {
    FactorStageControl const control = begin("rows");
    prepared_ =
        prepare_all_rows(comm_, node_, {catalog_, representations_, config_, row_needs_, factored_.set, *store_},
                         directory_->visible_everywhere(), control);
    progress_.end();
    if (prepared_.stopped) stop(0, count(), "prepared representations");
  }
}

std::vector<PairJob> Comparison::pair_jobs() {
  PanelLimits const limits = panel_limits(size_, allowed_, comm_.is_root());
  std::vector<PairJob> jobs;
  auto const add_jobs = [&](std::vector<std::size_t> const& columns, std::function<bool(Index, Index)> const& wanted) {
    if (auto const chosen = of_kind(measures_, columns, StatisticsKind::covariance); !chosen.measures.empty())
      jobs.push_back(covariance_job(config_, rows_, groups_, factored_.set, *store_, chosen.measures, chosen.columns,
                                    wanted, limits));
    if (auto const chosen = of_kind(measures_, columns, StatisticsKind::neurons); !chosen.measures.empty())
      jobs.push_back(
          neuron_job(config_, rows_, groups_, neurons_, *store_, chosen.measures, chosen.columns, wanted, limits));
    if (auto const chosen = of_kind(measures_, columns, StatisticsKind::held_out); !chosen.measures.empty())
      jobs.push_back(held_out_job(config_, representations_, groups_, factored_.set, *store_, chosen.measures,
                                  chosen.columns, wanted, limits));
  };
  add_jobs(earlier_.measures, [this, wanted = to_compute()](Index row, Index col) {
    return wanted(row, col) && !earlier_.known(row, col);
  });
  add_jobs(others(earlier_.measures, engines_.covariance_columns), to_compute());
  if (config_.compare.coefficients &&
      of_kind(measures_, engines_.covariance_columns, StatisticsKind::covariance).measures.empty())
    jobs.push_back(covariance_job(config_, rows_, groups_, factored_.set, *store_, {}, {}, to_compute(), limits));
  if (!engines_.neighbours.empty()) jobs.push_back(neighbour_job(config_, neighbour_task(), *row_store_));
  return jobs;
}

void Comparison::add(PairStageReport const& report) {
  progress_.end();
  report_ += report;
  if (report_.stopped) stop(report_.pieces_found + report_.pieces_done, report_.pieces, "pieces of pairs");
}

void Comparison::pairs() {
  timer_.start("pairs");
  release_free_memory();  // of the stages before
  rule_.emplace(catalog_, representations_, factored_.set, config_.compare.pairs);
  if (comm_.is_root()) {
    if (config_.run.fresh) remove_unfinished_work(config_);
    table_.emplace(count(), measures_);
  }
  earlier_ = take_earlier_results(comm_, config_, keys_, measures_, engines_.covariance_columns, to_compute(), table());
  groups_ = comparable_groups(catalog_, representations_, factored_.set);
  size_ = job_size(config_, catalog_, representations_, factored_.set.summaries, measures_);
  PairStageControl const control = {
      stop_requested(), [this](double pairs, double found) { progress_.begin("pairs", pairs, "pairs", found); },
      [this](double pairs_done) { progress_.update(pairs_done); }};
  for (auto& job : pair_jobs()) {
    add(compare_pairs(comm_, job, journal_directory(config_), control, table()));
    job = PairJob();  // what it holds would take the memory of the next one
  }
  if (!engines_.kernel.empty())
    add(compare_kernels(comm_, config_, kernel_job(), *row_store_, journal_directory(config_), control, table(),
                        config_.compare.jackknife > 0 ? &kernel_totals_ : nullptr));
}

KernelJob Comparison::kernel_job() const {
  KernelJob kernels{engines_.kernel, engines_.kernel_columns, {}, prepared_.keys, to_compute()};
  for (std::size_t i = 0; i < representations_.size(); ++i)
    kernels.items.push_back({groups_[i], rows_[i], representations_[i].features});
  return kernels;
}

/// The measures that are made of draws once more for every draw of the samples.
void Comparison::resample(Resampling kind, Index draws) {
  if (draws == 0) return;
  timer_.start(phase_of(kind));
  bool const jackknife = kind == Resampling::jackknife;
  char const* const unit = jackknife ? "blocks of samples" : "draws of samples";
  ResampledMeasures const drawn = resampled_measures(config_.compare, measures_, kind, representations_);
  MeasureChoice const factors = of_kind(drawn.measures, all_places(drawn), StatisticsKind::covariance);
  PanelLimits const limits = panel_limits(size_, allowed_, comm_.is_root());
  std::function<PairJob(FactoredSet const&)> pairs;
  if (!factors.measures.empty())
    pairs = [&](FactoredSet const& set) {
      return covariance_job(config_, rows_, comparable_groups(catalog_, representations_, set), set, *store_,
                            factors.measures, factors.columns, to_compute(), limits);
    };
  ResamplingResult result = draw_samples(
      comm_, node_,
      {kind,
       draws,
       drawn,
       {representations_, factored_.set, config_, *store_, limits.permuted_bytes},
       pairs,
       kind == Resampling::jackknife
           ? parts_without_block({comm_, config_, representations_, *row_store_, kernel_totals_}, kernel_job(),
                                 neighbour_task(), drawn.columns)
           : std::vector<DrawPart>(),
       journal_directory(config_),
       directory_->visible_everywhere()},
      {stop_requested(), [&](double all, double found) { progress_.begin(phase_of(kind), all, unit, found); },
       [&](double done) { progress_.update(done); }},
      table());
  progress_.end();
  if (result.stopped) stop(result.draws, draws, unit);
  for (DrawWork& work : size_.draws)
    if (work.name == phase_of(kind)) work.found = result.found;
  if (result.values) resampled_.push_back(std::move(*result.values));
}

int Comparison::write() {
  timer_.start("write");
  note_what_ran(size_, comm_, node_, factored_, report_);
  std::vector<PhaseSummary> const phases = timer_.summary(comm_);
  timer_.start("write");  // goes on
  int code = 0;
  together(comm_, [&] {
    if (!comm_.is_root()) return;
    if (!engines_.neighbours.empty()) finish_neighbours(config_, neighbour_task(), *row_store_, *table_);
    note_resampling(config_.compare, *table_);
    enter_self_pairs(*table_, factored_.set, engines_.covariance_columns, *rule_);
    PairStatusRows const status(*rule_, factored_.set.summaries);
    PairStatusRows::Counts const pairs = status.count(*table_);
    ComparisonData const data{config_, catalog_, representations_, factored_.set, status, keys_};
    ResultSet results = comparison_results(data, std::move(*table_));
    for (auto& resampled : resampled_) std::move(resampled).write(results);
    if (earlier_.taken > 0) {
      results.attributes["pairs_of_an_earlier_run"] = earlier_.taken;
      if (!config_.run.quiet)
        fmt::print(stderr, "confer: values of {} {} were in '{}' already; --fresh computes everything anew\n",
                   format_count(earlier_.taken), earlier_.taken == 1 ? "pair" : "pairs",
                   config_.run.output);
    }
    add_environment(results, comm_, config_.run, phases);
    add_prediction(results, size_, rates_, phases);
    write_results(config_.run.output, results);
    remove_unfinished_work(config_);
    code = comparison_is_complete(catalog_, factored_.set, pairs) ? 0 : 1;
    if (!config_.run.quiet) {
      timer_.stop();
      std::fputs(failures_text(catalog_, representations_, factored_.set, pairs).c_str(), stderr);
      std::fputs(phases_text(results, timer_).c_str(), stdout);
      std::fputs(summary_text(results, config_.run.output).c_str(), stdout);
      std::fflush(stdout);
    }
  });
  directory_->discard();
  comm_.broadcast(std::span(&code, 1), 0);
  return code;
}

}  // namespace

int run_compare(JobConfig const& config, Communicator const& comm) {
  set_blas_threads(config.run.threads);
  Comparison comparison(config, comm);
  comparison.read_headers();
  comparison.factor();
  comparison.prepare();
  comparison.pairs();
  comparison.resample(Resampling::bootstrap, config.compare.bootstrap);
  comparison.resample(Resampling::permutation, config.compare.permutations);
  comparison.resample(Resampling::jackknife, config.compare.jackknife);
  return comparison.write();
}

}  // namespace confer
