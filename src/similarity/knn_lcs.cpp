/// The order of nearest neighbours: the longest list of them that both representations have in the same order.
#include <algorithm>
#include <vector>

#include "similarity/measures.hpp"

namespace confer {

namespace {

/// No neighbour occurs twice in a list: the longest common subsequence is the longest increasing one of the places that
/// the neighbours by y have among those by x.
double score(NeighbourStats const& pair) {
  std::vector<Index> place(static_cast<std::size_t>(pair.rows), 0), owner(static_cast<std::size_t>(pair.rows), -1);
  std::vector<Index> ends;  // smallest last place of an increasing subsequence, by its length
  double total = 0;
  for (Index i = 0; i < pair.rows; ++i) {
    auto const list = pair.of_x(i);
    for (std::size_t r = 0; r < list.size(); ++r) {
      place[static_cast<std::size_t>(list[r])] = static_cast<Index>(r);
      owner[static_cast<std::size_t>(list[r])] = i;
    }
    ends.clear();
    for (std::int32_t const j : pair.of_y(i)) {
      if (owner[static_cast<std::size_t>(j)] != i) continue;
      Index const at = place[static_cast<std::size_t>(j)];
      auto const longer = std::lower_bound(ends.begin(), ends.end(), at);
      if (longer == ends.end())
        ends.push_back(at);
      else
        *longer = at;
    }
    total += static_cast<double>(ends.size());
  }
  return total / static_cast<double>(pair.rows * pair.k);
}

}  // namespace

Measure const measures::knn_lcs = {
    .name = "knn_lcs",
    .long_name = "nearest neighbours, longest common subsequence",
    .formula = "mean over samples i of the longest common subsequence of N_x(i) and N_y(i), nearest first, / k",
    .reference = "Huh et al. 2024",
    .kind = MeasureKind::similarity,
    .lowest = 0,
    .highest = 1,
    .symmetric = true,
    .row_invariances = invariant_scale | invariant_permutation | invariant_orthogonal,
    .column_invariances = invariant_scale | invariant_permutation | invariant_orthogonal,
    .needs = needs_factors_only,
    .core = false,
    .score = nullptr,
    .chance = nullptr,
    .statistics = StatisticsKind::neighbours,
    .neighbour_score = score,
};

}  // namespace confer
