/// Matrices of a comparison that follow from its values: made row by row when they are written.
#pragma once

#include <array>
#include <functional>
#include <span>
#include <vector>

#include "confer/model/factor_summary.hpp"
#include "confer/model/result_set.hpp"
#include "confer/similarity/measure.hpp"
#include "run/pair_table.hpp"

namespace confer {

/// Chance level (mean over relabellings of samples) of a measure whose level follows from the two factors; NaN where the
/// measure has no value. `summaries` must outlive the results.
DerivedRows<double> chance_level_rows(Measure const& measure, std::vector<FactorSummary> const& summaries);

/// Values in standard deviations above that level.
DerivedRows<double> chance_score_rows(Measure const& measure, std::vector<FactorSummary> const& summaries);

/// Why pairs have no value, or what weakens it: what is known before computing, pairs whose correlations are partly
/// forced by counting, and pairs for which a measure is not defined.
class PairStatusRows {
 public:
  /// `before` as far as it is known without values. Both must outlive this and its copies.
  PairStatusRows(std::function<PairStatus(Index row, Index col)> before, std::vector<FactorSummary> const& summaries)
      : before_(std::move(before)), summaries_(&summaries) {}

  /// Of one row, given the row of every measure.
  void fill(std::span<double const* const> values, Index row, std::span<PairStatus> status) const;

  /// The whole matrix as numbers, from the measures of these names.
  DerivedRows<Index> rows(std::vector<std::string> measures) const;

  /// How many ordered pairs there are of each status.
  using Counts = std::array<Index, 8>;
  Counts count(PairTable const& table) const;

 private:
  std::function<PairStatus(Index, Index)> before_;
  std::vector<FactorSummary> const* summaries_;
};

}  // namespace confer
