#include "confer/run/dynamics.hpp"

#include <algorithm>
#include <cstdio>

#include "confer/comm/phase_timer.hpp"
#include "confer/core/error.hpp"
#include "confer/core/record.hpp"
#include "confer/core/text.hpp"
#include "confer/io/basis_store.hpp"
#include "confer/io/results.hpp"
#include "confer/linalg/blas_info.hpp"
#include "confer/run/load.hpp"
#include "run/convergence.hpp"
#include "run/dynamics_memory.hpp"
#include "run/dynamics_results.hpp"
#include "run/environment.hpp"
#include "run/further_analyses.hpp"
#include "run/next_command.hpp"
#include "run/pair_fits.hpp"
#include "run/phase_report.hpp"
#include "run/training_runs.hpp"
#include "run/work_list.hpp"

namespace confer {

namespace {

/// Some pairs of one run at one layer: what a rank takes at a time.
struct Piece {
  std::size_t run, layer, first, count;
};

std::vector<Piece> pieces_of(std::vector<TrainingRun> const& runs) {
  std::vector<Piece> pieces;
  for (std::size_t r = 0; r < runs.size(); ++r)
    for (std::size_t l = 0; l < runs[r].layers.size() && runs[r].problem.empty(); ++l)
      for (std::size_t first = 0; first < runs[r].pairs.size(); first += pairs_at_once)
        pieces.push_back({r, l, first, std::min(pairs_at_once, runs[r].pairs.size() - first)});
  return pieces;
}

std::string fingerprint(JobConfig const& config, Catalog const& catalog, std::vector<TrainingRun> const& runs) {
  auto const& options = config.dynamics;
  std::string text = "dynamics 1\n" + files_text(catalog);
  for (auto const& run : runs) {
    text += run.network + "\n" + run.target + "\n" + join(run.layers, ",") + "\n";
    if (!run.output.empty())
      text += run.output.front().label + " " + std::to_string(run.output.front().sample_begin) + "\n";
    for (auto const& series : run.hidden)
      if (!series.empty()) text += std::to_string(series.front().features) + " " + std::to_string(series.size()) + "\n";
    for (Index const step : run.steps) text += std::to_string(step) + " ";
    for (auto const& [a, b] : run.pairs) text += std::to_string(a) + "-" + std::to_string(b) + " ";
  }
  text += options.input_layer + (options.controls ? " controls" : "") + (options.range_normalised ? " range" : "") +
          std::to_string(static_cast<int>(config.selection.conv)) +
          std::to_string(static_cast<int>(config.selection.sequence));
  return content_key(text);
}

/// Collective. Fits the theory and appends to `results` on rank 0; returns false when something could not be fitted.
bool add_fits(ResultSet& results, std::string& words, Catalog const& catalog, JobConfig const& config,
              Communicator const& comm) {
  std::vector<TrainingRun> const runs = find_training_runs(catalog, config);
  std::vector<Piece> const pieces = pieces_of(runs);
  if (pieces.empty())
    throw InputError("no training run can be followed",
                     runs.front().problem.empty() ? "there are no hidden layers" : runs.front().problem,
                     "give checkpoints of at least 10 steps, or trajectory files");
  WorkList list;
  list.items = static_cast<Index>(pieces.size());
  list.fingerprint = fingerprint(config, catalog, runs);
  list.phase = "fit";
  list.unit = "groups of pairs";
  list.work = [&](Index item, Poll const& poll) {
    auto const& piece = pieces[static_cast<std::size_t>(item)];
    auto const fits = fit_pairs(catalog, runs[piece.run], piece.layer, piece.first, piece.count, config.dynamics, poll);
    RecordWriter writer;
    writer(fits);
    return writer.take();
  };
  std::vector<std::string> const records = do_work(comm, config.run, list);
  bool complete = true;
  together(comm, [&] {
    if (!comm.is_root()) return;
    DynamicsData data{config, catalog, runs, {}};
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      std::vector<FittedPair> fits;
      RecordReader reader(records[i]);
      reader(fits);
      for (auto& fit : fits) data.rows.push_back({pieces[i].run, pieces[i].layer, std::move(fit)});
    }
    if (std::none_of(data.rows.begin(), data.rows.end(),
                     [](auto const& row) { return usable(static_cast<FitStatus>(row.fit.status)); })) {
      forget_work(config.run);
      auto const& first = data.rows.front().fit;
      throw InputError("no pair can be fitted",
                       fit_status_names()[static_cast<std::size_t>(first.status)] + ": " + first.detail,
                       "confer catalog shows steps, layers and targets");
    }
    add_dynamics(results, data);
    complete = dynamics_is_complete(data);
    std::fputs(dynamics_failures(data).c_str(), stderr);
    words += dynamics_summary(data);
  });
  return complete;
}

void print_lines(std::vector<std::string> const& lines) {
  constexpr std::size_t most = 20;
  for (std::size_t i = 0; i < std::min(lines.size(), most); ++i)
    std::fputs(("confer: " + lines[i] + "\n").c_str(), stderr);
  if (lines.size() > most)
    std::fputs(("confer: and " + std::to_string(lines.size() - most) + " more\n").c_str(), stderr);
}

}  // namespace

int run_dynamics(JobConfig const& config, Communicator const& comm) {
  PhaseTimer timer;
  timer.start("read headers");
  set_blas_threads(config.run.threads);
  together(comm, [&] {
    if (comm.is_root()) check_output_path(config.run.output);
  });
  Catalog const catalog = load_catalog(config, comm);
  auto const& options = config.dynamics;
  check_dynamics_memory(MemoryBudget(comm, comm.split_node(), config.run), catalog, config);
  ResultSet results;
  std::string words;
  std::vector<std::string> problems, notes;
  bool complete = catalog.refusals.empty();
  auto const analyse = [&](char const* phase, auto const& analysis, std::vector<std::string>& said) {
    timer.start(phase);
    for (auto& line : analysis(results, catalog, config, comm)) said.push_back(std::move(line));
  };
  if (options.fits()) {
    timer.start("fit");
    complete = add_fits(results, words, catalog, config, comm) && complete;
  }
  if (options.convergence) analyse("convergence", add_convergence, problems);
  if (options.sequences) analyse("sequences", add_sequences, problems);
  if (!options.census_means.empty()) analyse("census", add_census, problems);
  if (!options.group_by.empty()) analyse("groups", add_groups, notes);

  timer.start("write");
  std::vector<PhaseSummary> const phases = timer.summary(comm);
  timer.start("write");  // goes on
  int code = 0;
  together(comm, [&] {
    if (!comm.is_root()) return;
    add_description(results, config, catalog);
    add_environment(results, comm, config.run, phases);
    write_results(config.run.output, results);
    forget_work(config.run);
    code = complete && problems.empty() ? 0 : 1;
    print_lines(problems);
    print_lines(notes);
    if (!config.run.quiet) {
      timer.stop();
      std::fputs(phases_text(results, timer).c_str(), stdout);
      std::fputs((words + further_summary(results) + "results in " + config.run.output + "\n" +
                  next_command(config.run.output))
                     .c_str(),
                 stdout);
      std::fflush(stdout);
    }
  });
  comm.broadcast(std::span(&code, 1), 0);
  return code;
}

}  // namespace confer
