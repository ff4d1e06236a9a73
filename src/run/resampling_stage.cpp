#include "run/resampling_stage.hpp"

#include <algorithm>
#include <filesystem>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/io/journal.hpp"

namespace confer {

namespace {

std::string state_path(std::string const& journal_directory, Resampling kind) {
  return journal_directory + "/" + phase_of(kind) + ".draws";
}

bool is_resampled(Measure const* measure) { return measure->statistics == StatisticsKind::covariance; }

std::string draw_directory(std::string const& journal_directory) { return journal_directory + "/draw"; }

}  // namespace

void check_resampling(CompareOptions const& options, std::vector<Measure const*> const& measures) {
  if (options.resamples() && std::none_of(measures.begin(), measures.end(), is_resampled))
    throw UsageError("none of the measures can be computed from drawn samples",
                     "--bootstrap and --permutations take measures made of factors, such as cca, cka, procrustes",
                     "add one of them with --measures");
}

std::string resampling_warning(CompareOptions const& options, std::vector<Measure const*> const& measures) {
  if (!options.resamples()) return {};
  std::vector<std::string> left_out;
  for (auto const* measure : measures)
    if (!is_resampled(measure)) left_out.emplace_back(measure->name);
  if (left_out.empty()) return {};
  std::string const what = options.permutations == 0  ? "standard errors"
                           : options.bootstrap == 0 ? "p-values"
                                                    : "standard errors and p-values";
  return "confer: no " + what + " for " + join(left_out, ", ") +
         " (not made of factors: --bootstrap and --permutations draw these)\n";
}

void note_resampling(CompareOptions const& options, PairTable& table) {
  for (std::size_t m = 0; options.resamples() && m < table.measures.size(); ++m)
    if (!is_resampled(table.measures[m]))
      table.notes[m]["resampling"] = std::string("none: this measure is not made of factors, which are what is drawn");
}

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
