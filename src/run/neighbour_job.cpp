#include "run/neighbour_job.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <optional>

#include "confer/core/error.hpp"
#include "confer/io/content_hash.hpp"
#include "confer/model/pair_memory.hpp"
#include "run/compare_plan.hpp"
#include "run/reserved_lists.hpp"
#include "run/row_records.hpp"

namespace confer {

namespace {

constexpr Index pairs_per_piece = 128;

/// Lists of all representations, mapped when they are first asked for; without the samples left out, made anew.
class Lists {
 public:
  Lists(JobConfig const& config, NeighbourTask const& task, RowStore store)
      : store_(std::move(store)),
        keys_(task.keys),
        form_(neighbour_form(config.compare.neighbour_metric)),
        k_(config.compare.neighbours),
        left_out_(task.left_out) {}

  MappedRows const& of(Index representation) {
    auto const found = mapped_.find(representation);
    if (found != mapped_.end()) return found->second;
    return mapped_
        .emplace(representation, store_.map(row_record_name(keys_[static_cast<std::size_t>(representation)], form_)))
        .first->second;
  }
  /// What it returns refers to this, until begin_pair is called.
  NeighbourStats stats(Index row, Index col) {
    if (left_out_) {
      NeighbourLists const &x = reduced(row), &y = reduced(col);
      return {x.samples, x.k, {x.indices, x.inner_products}, {y.indices, y.inner_products}};
    }
    MappedRows const &x = of(row), &y = of(col);
    return {x.facts().rows, x.facts().neighbours, {x.neighbours(), x.inner_products()}, {y.neighbours(), y.inner_products()}};
  }
  void begin_pair() {
    if (bytes_ <= reduced_lists_bytes) return;
    reduced_.clear();
    bytes_ = 0;
  }

 private:
  NeighbourLists const& reduced(Index representation) {
    auto const found = reduced_.find(representation);
    if (found != reduced_.end()) return found->second;
    NeighbourLists lists = lists_without(of(representation), k_, left_out_(representation));
    bytes_ += static_cast<double>(4 * lists.indices.size() + 8 * lists.inner_products.size());
    return reduced_.emplace(representation, std::move(lists)).first->second;
  }

  RowStore store_;
  std::vector<std::string> keys_;
  RowForm form_;
  Index k_;
  LeftOut left_out_;
  std::map<Index, MappedRows> mapped_;
  std::map<Index, NeighbourLists> reduced_;
  double bytes_ = 0;
};

double score_of(Measure const& measure, NeighbourStats const& stats) {
  return stats.k > 0 ? measure.neighbour_score(stats) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

RowForm neighbour_form(NeighbourMetric metric) {
  switch (metric) {
    case NeighbourMetric::cosine:
      return RowForm::unit;
    case NeighbourMetric::euclidean:
      return RowForm::centred;
    case NeighbourMetric::platonic:
      return RowForm::clamped;
  }
  return RowForm::unit;
}

PairJob neighbour_job(JobConfig const& config, NeighbourTask const& task, RowStore const& rows) {
  Index const count = std::ssize(task.groups);
  ContentHash fingerprint;
  fingerprint.add("neighbours 3\n" + task.name + "\n" + selection_text(config.compare.pairs));
  for (auto const& key : task.keys) fingerprint.add(key + "\n");
  for (auto const* measure : task.measures) fingerprint.add(std::string(measure->name) + " ");
  // The list of all pairs is never made: only how many of them stand before each row.
  auto const before = std::make_shared<std::vector<Index>>(1, 0);
  for (Index row = 0; row < count; ++row) {
    Index selected = 0;
    for (Index col = 0; col < row; ++col) {
      if (!task.selected(row, col)) continue;
      ++selected;
      fingerprint.add(std::to_string(col) + " ");
    }
    before->push_back(before->back() + selected);
    fingerprint.add("\n");
  }
  Index const all = before->back();
  PairJob job;
  job.fingerprint = fingerprint.key();
  job.columns = task.columns;
  for (Index begin = 0; begin < all; begin += pairs_per_piece)
    job.pairs.push_back(std::min(pairs_per_piece, all - begin));
  auto const lists = std::make_shared<Lists>(config, task, rows);
  job.compute = [before, lists, all, measures = task.measures, selected = task.selected](
                    Index piece, std::function<void()> const& poll) {
    std::vector<PairScores> scores;
    Index const begin = piece * pairs_per_piece, end = std::min(begin + pairs_per_piece, all);
    Index row = std::upper_bound(before->begin(), before->end(), begin) - before->begin() - 1;
    for (Index at = (*before)[static_cast<std::size_t>(row)]; at < end; ++row)
      for (Index col = 0; col < row && at < end; ++col) {
        if (!selected(row, col) || at++ < begin) continue;
        lists->begin_pair();
        NeighbourStats const forward = lists->stats(row, col), backward = lists->stats(col, row);
        PairScores pair;
        pair.row = row;
        pair.col = col;
        for (auto const* measure : measures) {
          pair.forward.push_back(score_of(*measure, forward));
          pair.backward.push_back(measure->symmetric ? pair.forward.back() : score_of(*measure, backward));
        }
        scores.push_back(std::move(pair));
        poll();
      }
    return scores;
  };
  return job;
}

void finish_neighbours(JobConfig const& config, NeighbourTask const& task, RowStore const& rows, PairTable& table) {
  constexpr char const* metrics[] = {"cosine (rows as stored)", "euclidean",
                                     "cosine after clamping at the mean over rows of the 95 % quantile of |value|"};
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  Lists lists(config, task, rows);
  Index const count = std::ssize(task.groups);
  std::vector<std::optional<NeighbourGraph>> graphs(task.groups.size());
  for (Index i = 0; i < count; ++i) {
    if (task.groups[static_cast<std::size_t>(i)] < 0) continue;
    NeighbourStats const self = lists.stats(i, i);
    if (self.k > 0) graphs[static_cast<std::size_t>(i)] = neighbour_graph(self.x, self.rows, self.k);
    for (std::size_t m = 0; m < task.measures.size(); ++m)
      if (task.selected(i, i)) table.value(task.columns[m], i, i) = score_of(*task.measures[m], self);
  }
  for (std::size_t m = 0; m < task.measures.size(); ++m) {
    std::size_t const column = task.columns[m];
    table.notes[column] = {{"neighbours", config.compare.neighbours},
                           {"neighbour_metric",
                            std::string(metrics[static_cast<std::size_t>(config.compare.neighbour_metric)])},
                           {"ties", std::string("broken by the number of the sample; a sample is never its own neighbour")},
                           {"precision", std::string("double")}};
    if (task.measures[m]->neighbour_chance == nullptr) continue;
    table.null[column].assign(static_cast<std::size_t>(count * count), nan);
    table.z[column].assign(static_cast<std::size_t>(count * count), nan);
    for (Index i = 0; i < count; ++i)
      for (Index j = 0; j < count; ++j) {
        double const value = table.value(column, i, j);
        auto const &x = graphs[static_cast<std::size_t>(i)], &y = graphs[static_cast<std::size_t>(j)];
        if (i == j || std::isnan(value) || !x || !y) continue;
        std::optional<ChanceLevel> const level = task.measures[m]->neighbour_chance(*x, *y);
        if (!level) continue;
        auto const at = static_cast<std::size_t>(i * count + j);
        table.null[column][at] = level->mean;
        if (level->standard_deviation > 0) table.z[column][at] = (value - level->mean) / level->standard_deviation;
      }
  }
}

}  // namespace confer
