#include "run/derived_matrices.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <tuple>

#include "run/tile_engine.hpp"

namespace confer {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

PairStats sides_of(FactorSummary const& x, FactorSummary const& y) {
  PairStats stats;
  stats.x = side_of(x);
  stats.y = side_of(y);
  return stats;
}

/// Chance levels of one row after the other. Those that follow from ranks are computed once per row and kind of column.
class ChanceLevels {
 public:
  ChanceLevels(Measure const& measure, std::vector<FactorSummary> const& summaries)
      : measure_(measure), summaries_(summaries) {
    std::map<std::tuple<Index, Index, Index>, std::size_t> numbers;
    for (auto const& s : summaries)
      kinds_.push_back(numbers.try_emplace({s.rows, s.rank(), s.components}, numbers.size()).first->second);
    levels_.resize(numbers.size());
    known_for_.assign(numbers.size(), none);
  }

  std::optional<ChanceLevel> of(std::size_t row, std::size_t col) {
    if (!measure_.chance_by_rank) return measure_.chance(sides_of(summaries_[row], summaries_[col]));
    std::size_t const kind = kinds_[col];
    if (known_for_[kind] != kinds_[row]) {
      levels_[kind] = measure_.chance(sides_of(summaries_[row], summaries_[col]));
      known_for_[kind] = kinds_[row];
    }
    return levels_[kind];
  }

 private:
  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
  Measure const& measure_;
  std::vector<FactorSummary> const& summaries_;
  std::vector<std::size_t> kinds_;  // of each representation
  std::vector<std::optional<ChanceLevel>> levels_;
  std::vector<std::size_t> known_for_;  // the kind of row that each level belongs to
};

template <class Value>
DerivedRows<double> chance_rows(Measure const& measure, std::vector<FactorSummary> const& summaries, Value value_of) {
  auto const levels = std::make_shared<ChanceLevels>(measure, summaries);
  return {[levels, name = std::string(measure.name), count = summaries.size(), value_of](
              ResultSet const& results, Index first, std::span<double> rows) {
    double const* const values = results.doubles(name).data() + static_cast<std::size_t>(first) * count;
    for (std::size_t at = 0; at < rows.size(); ++at) {
      std::size_t const row = static_cast<std::size_t>(first) + at / count, col = at % count;
      rows[at] = nan;
      if (std::isnan(values[at]) || row == col) continue;
      if (auto const level = levels->of(row, col)) rows[at] = value_of(values[at], *level);
    }
  }};
}

}  // namespace

DerivedRows<double> chance_level_rows(Measure const& measure, std::vector<FactorSummary> const& summaries) {
  return chance_rows(measure, summaries, [](double, ChanceLevel const& level) { return level.mean; });
}

DerivedRows<double> chance_score_rows(Measure const& measure, std::vector<FactorSummary> const& summaries) {
  return chance_rows(measure, summaries, [](double value, ChanceLevel const& level) {
    return level.standard_deviation > 0 ? (value - level.mean - level.shift) / level.standard_deviation : nan;
  });
}

void PairStatusRows::fill(std::span<double const* const> values, Index row, std::span<PairStatus> status) const {
  FactorSummary const& x = (*summaries_)[static_cast<std::size_t>(row)];
  Index const rank = x.rank();
  for (std::size_t col = 0; col < status.size(); ++col) {
    status[col] = before_(row, static_cast<Index>(col));
    if (status[col] != PairStatus::ok) continue;
    if (rank + (*summaries_)[col].rank() > x.rows - 1) status[col] = PairStatus::saturated;
    for (double const* const measure : values)
      if (std::isnan(measure[col])) status[col] = PairStatus::undefined;
  }
}

DerivedRows<Index> PairStatusRows::rows(std::vector<std::string> measures) const {
  return {[*this, measures = std::move(measures)](ResultSet const& results, Index first, std::span<Index> rows) {
    std::size_t const count = summaries_->size();
    std::vector<PairStatus> status(count);
    for (std::size_t begin = 0; begin < rows.size(); begin += count) {
      std::size_t const row = static_cast<std::size_t>(first) + begin / count;
      std::vector<double const*> values;
      for (auto const& name : measures) values.push_back(results.doubles(name).data() + row * count);
      fill(values, static_cast<Index>(row), status);
      std::transform(status.begin(), status.end(), rows.begin() + static_cast<std::ptrdiff_t>(begin),
                     [](PairStatus s) { return static_cast<Index>(s); });
    }
  }};
}

PairStatusRows::Counts PairStatusRows::count(PairTable const& table) const {
  Counts counts{};
  auto const size = static_cast<std::size_t>(table.count);
  std::vector<PairStatus> status(size);
  for (std::size_t row = 0; row < size; ++row) {
    std::vector<double const*> values;
    for (auto const& matrix : table.values) values.push_back(matrix.data() + row * size);
    fill(values, static_cast<Index>(row), status);
    for (PairStatus const s : status) ++counts.at(static_cast<std::size_t>(s));
  }
  return counts;
}

}  // namespace confer
