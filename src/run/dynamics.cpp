#include "confer/run/dynamics.hpp"

#include <algorithm>
#include <cstdio>

#include "confer/comm/phase_timer.hpp"
#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/io/basis_store.hpp"
#include "confer/io/results.hpp"
#include "confer/run/load.hpp"
#include "run/dynamics_results.hpp"
#include "run/environment.hpp"
#include "run/pair_fits.hpp"
#include "run/record.hpp"
#include "run/training_runs.hpp"
#include "run/work_list.hpp"

namespace confer {

namespace {

constexpr std::size_t kPairsAtOnce = 16;

/// Some pairs of one run at one layer: what a rank takes at a time.
struct Piece {
  std::size_t run, layer, first, count;
};

std::vector<Piece> pieces_of(std::vector<TrainingRun> const& runs) {
  std::vector<Piece> pieces;
  for (std::size_t r = 0; r < runs.size(); ++r)
    for (std::size_t l = 0; l < runs[r].layers.size() && runs[r].problem.empty(); ++l)
      for (std::size_t first = 0; first < runs[r].pairs.size(); first += kPairsAtOnce)
        pieces.push_back({r, l, first, std::min(kPairsAtOnce, runs[r].pairs.size() - first)});
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

}  // namespace

int run_dynamics(JobConfig const& config, Communicator const& comm) {
  PhaseTimer timer;
  timer.start("read headers");
  together(comm, [&] {
    if (comm.is_root()) check_output_path(config.run.output);
  });
  Catalog const catalog = load_catalog(config, comm);
  std::vector<TrainingRun> const runs = find_training_runs(catalog, config);
  std::vector<Piece> const pieces = pieces_of(runs);
  if (pieces.empty())
    throw InputError("no training run can be followed",
                     runs.front().problem.empty() ? "there are no hidden layers" : runs.front().problem,
                     "give checkpoints of at least 10 steps, or trajectory files");

  timer.start("fit");
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

  timer.start("write");
  std::vector<PhaseSummary> const phases = timer.summary(comm);
  int code = 0;
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
    ResultSet results = dynamics_results(data);
    add_environment(results, comm, config.run, phases);
    write_results(config.run.output, results);
    forget_work(config.run);
    code = dynamics_is_complete(data) ? 0 : 1;
    std::fputs(dynamics_failures(data).c_str(), stderr);
    if (!config.run.quiet) {
      std::fputs(dynamics_summary(data, config.run.output).c_str(), stdout);
      std::fflush(stdout);
    }
  });
  comm.broadcast(std::span(&code, 1), 0);
  return code;
}

}  // namespace confer
