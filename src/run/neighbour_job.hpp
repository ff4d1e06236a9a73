/// Pairs whose measures are functions of lists of nearest neighbours, as work for the pair stage.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "confer/io/row_store.hpp"
#include "confer/model/config.hpp"
#include "confer/similarity/measure.hpp"
#include "run/kernel_plan.hpp"
#include "run/pair_stage.hpp"

namespace confer {

/// What is to be computed, the same on every rank.
struct NeighbourTask {
  std::vector<Measure const*> measures;
  std::vector<std::size_t> columns;  ///< place in the table of each measure
  std::vector<Index> groups;         ///< class of mutually comparable representations, per representation; -1: none
  std::vector<std::string> keys;     ///< of their prepared rows
  std::function<bool(Index row, Index col)> selected;
  LeftOut left_out = nullptr;  ///< nullptr: all samples count
  std::string name = {};       ///< tells the samples left out from others
};

/// Whose neighbours: the rows that the metric looks at.
RowForm neighbour_form(NeighbourMetric metric);

/// The pieces are stretches of the list of all pairs. `rows` must outlive the result.
PairJob neighbour_job(JobConfig const& config, NeighbourTask const& task, RowStore const& rows);

/// Rank 0, when the pairs are done: values of representations with themselves, chance levels, rules and parameters.
void finish_neighbours(JobConfig const& config, NeighbourTask const& task, RowStore const& rows, PairTable& table);

}  // namespace confer
