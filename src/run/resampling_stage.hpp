/// Third stage of a comparison: its pairs once more for every draw of the samples.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "run/pair_stage.hpp"
#include "run/resampled_values.hpp"
#include "run/resampling.hpp"

namespace confer {

/// What of a draw is not made of factors. Collective.
struct DrawPart {
  std::string fingerprint;  ///< of everything the values depend on
  /// Enters the values of the draw into the table of the draw (rank 0; nullptr elsewhere).
  std::function<PairStageReport(Draw const& draw, std::string const& journals, PairStageControl const& control,
                                PairTable* values)>
      compare;
};

/// What is drawn and what is computed of each draw; the same on every rank.
struct ResamplingTask {
  Resampling kind;
  Index draws;
  ResampledMeasures measures;
  ResamplingSource source;
  /// Scores go to their measures' places among those of the task; nullptr: no measure is made of factors.
  std::function<PairJob(FactoredSet const& factors)> pairs;
  std::vector<DrawPart> parts;
  std::string journal_directory;  ///< of the comparison
  bool visible_everywhere;        ///< whether nodes see each other's stores
};

struct ResamplingResult {
  std::optional<ResampledValues> values;  ///< rank 0
  Index draws = 0;                        ///< done, by this run or an earlier one
  Index found = 0;                        ///< of these by earlier ones
  bool stopped = false;
};

/// Refuses draws of samples that nothing would be computed from.
void check_resampling(CompareOptions const& options, std::vector<Measure const*> const& measures);

/// Whether a measure's values are computed of such draws; of measures made of factors bootstrap takes precedence.
bool is_resampled(Measure const& measure, Resampling kind, CompareOptions const& options);

/// Those of the measures that are, and what else draws of that kind are judged by.
ResampledMeasures resampled_measures(CompareOptions const& options, std::vector<Measure const*> const& measures,
                                     Resampling kind, std::vector<Representation> const& representations);

/// Which measures get no standard errors or p-values although these are asked for, in lines; or nothing.
std::string resampling_warning(CompareOptions const& options, std::vector<Measure const*> const& measures);

/// Says so beside their values, too.
void note_resampling(CompareOptions const& options, PairTable& table);

/// "bootstrap", "permutations" or "jackknife".
char const* phase_of(Resampling kind);

/// Collective. What the draws have said so far is kept in a file beside the journals, the pairs of the draw under way
/// in journals of their own. observed: the finished comparison on rank 0 (nullptr elsewhere), which outlives the
/// result.
ResamplingResult draw_samples(Communicator const& comm, Communicator const& node, ResamplingTask const& task,
                              PairStageControl const& control, PairTable const* observed);

/// Removes what stages of this comparison have kept.
void remove_draws(std::string const& journal_directory);

}  // namespace confer
