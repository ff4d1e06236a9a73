/// The results of a comparison as they come in on rank 0: one R x R matrix per measure, and how pieces travel as
/// records.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "confer/model/result_set.hpp"
#include "confer/similarity/measure.hpp"

namespace confer {

/// Why a pair has no value, or what weakens it. Written as `pair_status` with flag_values and flag_meanings.
enum class PairStatus : std::uint8_t {
  ok = 0,
  saturated = 1,  ///< has values, but rank x + rank y exceeds n - 1: some correlations are 1 by counting alone
  representation_failed = 2,  ///< one of the two could not be factored
  other_inputs = 3,           ///< computed on different inputs
  other_samples = 4,          ///< other samples or another number of them
  other_rows = 5,             ///< rows mean different things: positions or time steps
  not_selected = 6,           ///< left out by --pairs
  undefined = 7,              ///< a measure is not defined for this pair: too few samples
};
std::vector<std::string> const& pair_status_names();

/// Scores of one pair of different representations.
struct PairScores {
  Index row = 0;  ///< indices into the members
  Index col = 0;
  std::vector<double> forward;   ///< per measure, first argument = row
  std::vector<double> backward;  ///< per measure, first argument = col
  double above_edge =
      std::numeric_limits<double>::quiet_NaN();  ///< canonical correlations above the largest that chance produces
  std::vector<double> coefficients;              ///< canonical correlations, when asked for
};

/// Scores of the pairs of a finished piece, measure by measure: what journals hold and what travels to rank 0.
struct PairBlock {
  Index piece = 0;
  std::vector<std::int32_t> rows, cols;       ///< of each pair: indices into the members
  std::vector<std::vector<double>> forward;   ///< per measure, of each pair
  std::vector<std::vector<double>> backward;  ///< the same; empty where it is the same as forward
  std::vector<double> above_edge;             ///< of each pair; empty where none has it
  std::vector<std::vector<double>> coefficients;  ///< of each pair; empty where none has them
};

/// A finished piece of work as a journal record, and back. Throws std::runtime_error for what is no such record.
std::string encode_piece(Index piece, std::vector<PairScores> const& scores);
PairBlock decode_piece(std::string const& record);

/// Values over all pairs, row-major R x R, NaN where there is none.
struct PairTable {
  explicit PairTable(Index representations, std::vector<Measure const*> chosen);

  Index count;
  std::vector<Measure const*> measures;
  std::vector<std::vector<double>> values;  ///< per measure
  /// Chance level and standardised score, per measure; empty where they follow from the factors alone.
  std::vector<std::vector<double>> null, z;
  std::vector<Attributes> notes;  ///< per measure: the rules and parameters its engine went by
  std::vector<double> above_edge;           ///< canonical correlations above the chance edge; empty unless `cca` is chosen
  std::map<std::pair<Index, Index>, std::vector<double>> coefficients;  ///< (smaller, larger index)

  double& value(std::size_t measure, Index row, Index col) {
    return values[measure][static_cast<std::size_t>(row * count + col)];
  }
  /// Enters pairs computed for some of the measures: `columns[i]` is the place in `measures` of the i-th score.
  void enter(PairBlock const& block, std::vector<std::size_t> const& columns);
};

}  // namespace confer
