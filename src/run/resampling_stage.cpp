#include "run/resampling_stage.hpp"

#include <algorithm>
#include <filesystem>

#include "confer/core/error.hpp"
#include "confer/io/journal.hpp"

namespace confer {

namespace {

std::string state_path(std::string const& journal_directory, Resampling kind) {
  return journal_directory + "/" + phase_of(kind) + ".draws";
}

std::string draw_directory(std::string const& journal_directory) { return journal_directory + "/draw"; }

}  // namespace

char const* phase_of(Resampling kind) { return kind == Resampling::bootstrap ? "bootstrap" : "permutations"; }

ResamplingResult draw_samples(Communicator const& comm, Communicator const& node, ResamplingTask const& task,
                              PairStageControl const& control, PairTable const* observed) {
  ResamplingResult result;
  std::string const state = state_path(task.journal_directory, task.kind);
  std::string const journals = draw_directory(task.journal_directory);
  std::string const fingerprint = task.pairs(task.source.factors).fingerprint;
  together(comm, [&] {
    if (!comm.is_root()) return;
    result.values.emplace(task.kind, task.measures, *observed);
    result.values->restore(state, fingerprint);
    if (result.values->draws() > task.draws) result.values.emplace(task.kind, task.measures, *observed);
    result.draws = result.values->draws();
  });
  comm.broadcast(std::span(&result.draws, 1), 0);
  result.found = result.draws;
  if (comm.is_root() && control.begin)
    control.begin(static_cast<double>(task.draws), static_cast<double>(result.draws));
  for (; result.draws < task.draws; ++result.draws) {
    Draw const draw{task.kind, result.draws};
    auto const drawn =
        resampled_factors(comm, node, task.source, draw, task.visible_everywhere, control.stop_requested);
    result.stopped = !drawn;
    if (result.stopped) return result;
    std::optional<PairTable> values;
    if (comm.is_root()) values.emplace(observed->count, task.measures.measures);
    double pairs = 1;
    PairStageControl const of_draw = {control.stop_requested, [&](double all, double) { pairs = std::max(all, 1.0); },
                                      [&](double done) {
                                        if (control.progress)
                                          control.progress(static_cast<double>(result.draws) + done / pairs);
                                      }};
    result.stopped = compare_pairs(comm, task.pairs(*drawn), journals, of_draw, values ? &*values : nullptr).stopped;
    if (result.stopped) return result;
    together(comm, [&] {
      if (!comm.is_root()) return;
      result.values->add(draw, *values, task.source.representations, drawn->summaries);
      result.values->save(state, fingerprint);
      remove_journals(journals);
    });
    discard_factors(comm, node, *drawn, task.source.store);
  }
  return result;
}

void remove_draws(std::string const& journal_directory) {
  std::error_code ignored;
  for (Resampling const kind : {Resampling::bootstrap, Resampling::permutation})
    std::filesystem::remove(state_path(journal_directory, kind), ignored);
  remove_journals(draw_directory(journal_directory));
}

}  // namespace confer
