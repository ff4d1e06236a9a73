#include "run/resampling_stage.hpp"

#include <algorithm>
#include <filesystem>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/io/content_hash.hpp"
#include "confer/io/journal.hpp"
#include "run/kernel_stage.hpp"

namespace confer {

namespace {

std::string state_path(std::string const& journal_directory, Resampling kind) {
  return journal_directory + "/" + phase_of(kind) + ".draws";
}

std::string draw_directory(std::string const& journal_directory) { return journal_directory + "/draw"; }

}  // namespace

bool is_resampled(Measure const& measure, Resampling kind, CompareOptions const& options) {
  bool const factors = measure.statistics == StatisticsKind::covariance;
  if (kind != Resampling::jackknife) return factors;
  return (factors && options.bootstrap == 0) || measure.statistics == StatisticsKind::neighbours ||
         (measure.statistics == StatisticsKind::kernel && leaves_out(measure));
}

ResampledMeasures resampled_measures(CompareOptions const& options, std::vector<Measure const*> const& measures,
                                     Resampling kind, std::vector<Representation> const& representations) {
  ResampledMeasures drawn;
  for (std::size_t m = 0; m < measures.size(); ++m)
    if (is_resampled(*measures[m], kind, options)) {
      drawn.measures.push_back(measures[m]);
      drawn.columns.push_back(m);
    }
  if (kind == Resampling::jackknife) drawn.blocks = options.jackknife;
  for (auto const& r : representations) drawn.samples.push_back(r.samples);
  return drawn;
}

void check_resampling(CompareOptions const& options, std::vector<Measure const*> const& measures) {
  auto const none = [&](Resampling kind) {
    return std::none_of(measures.begin(), measures.end(),
                        [&](Measure const* measure) { return is_resampled(*measure, kind, options); });
  };
  if (options.jackknife > 0 && none(Resampling::jackknife))
    throw UsageError("none of the measures can be computed without some of the samples",
                     options.bootstrap > 0 ? "--jackknife leaves measures made of factors to --bootstrap"
                                           : "--jackknife takes none of cka_minibatch, match_* and *_held_out",
                     "leave out --jackknife, or add measures with --measures");
  if ((options.bootstrap > 0 || options.permutations > 0) && none(Resampling::bootstrap))
    throw UsageError("none of the measures can be computed from drawn samples",
                     "--bootstrap and --permutations take measures made of factors, such as cca, cka, procrustes",
                     "add one of them with --measures, or take --jackknife for standard errors");
}

namespace {

/// Measures that are asked for but are not drawn in any of the ways, by name.
std::vector<std::string> left_out(CompareOptions const& options, std::vector<Measure const*> const& measures,
                                  std::vector<Resampling> const& kinds) {
  std::vector<std::string> names;
  for (auto const* measure : measures)
    if (std::none_of(kinds.begin(), kinds.end(),
                     [&](Resampling kind) { return is_resampled(*measure, kind, options); }))
      names.emplace_back(measure->name);
  return names;
}

std::vector<Resampling> error_kinds(CompareOptions const& options) {
  std::vector<Resampling> kinds;
  if (options.bootstrap > 0) kinds.push_back(Resampling::bootstrap);
  if (options.jackknife > 0) kinds.push_back(Resampling::jackknife);
  return kinds;
}

}  // namespace

std::string resampling_warning(CompareOptions const& options, std::vector<Measure const*> const& measures) {
  std::vector<std::string> const errors =
      error_kinds(options).empty() ? std::vector<std::string>() : left_out(options, measures, error_kinds(options));
  std::vector<std::string> const p_values =
      options.permutations == 0 ? std::vector<std::string>() : left_out(options, measures, {Resampling::permutation});
  std::string const by_factors = "not made of factors, which are what is drawn";
  auto const line = [](std::string const& what, std::vector<std::string> const& names, std::string const& reason) {
    return names.empty() ? std::string() : "confer: no " + what + " for " + join(names, ", ") + " (" + reason + ")\n";
  };
  if (!errors.empty() && errors == p_values) return line("standard errors and p-values", errors, by_factors);
  std::string const why = options.jackknife == 0
                              ? by_factors + "; --jackknife serves measures of kernels and neighbours"
                          : options.bootstrap == 0 ? "not computed without some of the samples"
                                                   : "neither drawn nor computed without some of the samples";
  return line("standard errors", errors, why) + line("p-values", p_values, by_factors);
}

void note_resampling(CompareOptions const& options, PairTable& table) {
  std::vector<Resampling> kinds = error_kinds(options);
  if (options.permutations > 0) kinds.push_back(Resampling::permutation);
  if (kinds.empty()) return;
  std::vector<std::string> const names = left_out(options, table.measures, kinds);
  for (std::size_t m = 0; m < table.measures.size(); ++m)
    if (std::find(names.begin(), names.end(), table.measures[m]->name) != names.end())
      table.notes[m]["resampling"] =
          std::string(options.jackknife > 0 ? "none: this measure is not computed without some of the samples"
                                            : "none: this measure is not made of factors, which are what is drawn");
}

char const* phase_of(Resampling kind) {
  switch (kind) {
    case Resampling::bootstrap:
      return "bootstrap";
    case Resampling::permutation:
      return "permutations";
    case Resampling::jackknife:
      return "jackknife";
  }
  return "";
}

ResamplingResult draw_samples(Communicator const& comm, Communicator const& node, ResamplingTask const& task,
                              PairStageControl const& control, PairTable const* observed) {
  ResamplingResult result;
  std::string const state = state_path(task.journal_directory, task.kind);
  std::string const journals = draw_directory(task.journal_directory);
  std::string text = "blocks " + std::to_string(task.measures.blocks);
  for (auto const* measure : task.measures.measures) text += std::string(" ") + measure->name;
  if (task.pairs) text += "\n" + task.pairs(task.source.factors).fingerprint;
  for (DrawPart const& part : task.parts) text += "\n" + part.fingerprint;
  std::string const fingerprint = content_key(text);
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
    Draw const draw{task.kind, result.draws, task.measures.blocks};
    std::optional<FactoredSet> drawn;
    if (task.pairs) {
      drawn = resampled_factors(comm, node, task.source, draw, task.visible_everywhere, control.stop_requested);
      result.stopped = !drawn;
      if (result.stopped) return result;
    }
    std::optional<PairTable> values;
    if (comm.is_root()) values.emplace(observed->count, task.measures.measures);
    PairTable* const table = values ? &*values : nullptr;
    std::size_t const steps = task.parts.size() + (drawn ? 1 : 0);
    double pairs = 1;
    std::size_t step = 0;
    PairStageControl const of_draw = {control.stop_requested, [&](double all, double) { pairs = std::max(all, 1.0); },
                                      [&](double done) {
                                        double const share =
                                            (static_cast<double>(step) + done / pairs) / static_cast<double>(steps);
                                        if (control.progress)
                                          control.progress(static_cast<double>(result.draws) + share);
                                      }};
    if (drawn) {
      result.stopped = compare_pairs(comm, task.pairs(*drawn), journals, of_draw, table).stopped;
      ++step;
    }
    for (DrawPart const& part : task.parts) {
      if (result.stopped) return result;
      result.stopped = part.compare(draw, journals, of_draw, table).stopped;
      ++step;
    }
    if (result.stopped) return result;
    together(comm, [&] {
      if (!comm.is_root()) return;
      result.values->add(draw, *values, task.source.representations,
                         drawn ? drawn->summaries : task.source.factors.summaries);
      result.values->save(state, fingerprint);
      remove_journals(journals);
    });
    if (drawn)
      discard_factors(comm, node, *drawn, task.source.store);
    else
      comm.barrier();  // the journals are gone before others begin new ones
  }
  return result;
}

void remove_draws(std::string const& journal_directory) {
  std::error_code ignored;
  for (Resampling const kind : {Resampling::bootstrap, Resampling::permutation, Resampling::jackknife})
    std::filesystem::remove(state_path(journal_directory, kind), ignored);
  remove_journals(draw_directory(journal_directory));
}

}  // namespace confer
