#include "confer/model/row_split.hpp"

#include <algorithm>
#include <cmath>

#include "confer/model/cost_model.hpp"

namespace confer {

namespace {

constexpr double words_per_second = 6e8;
constexpr double worth_it = 0.95;  // of the time without

RowSplit evaluate(std::span<SplitPiece const> pieces, Index ranks, std::vector<bool> by_rows) {
  RowSplit split{std::move(by_rows), 0, 0};
  double const many = static_cast<double>(ranks);
  std::vector<WorkItems> handed_out;
  std::vector<double> others;  // of the pieces that are split: in rounds of one piece for each rank
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    auto const& piece = pieces[i];
    if (!split.by_rows[i]) {
      handed_out.push_back({piece.product_seconds + piece.other_seconds, 1});
      continue;
    }
    auto const slices = static_cast<double>(piece.slices);
    split.seconds += piece.product_seconds * std::ceil(slices / many) / slices + 2 * piece.sum_words / words_per_second;
    split.words += piece.sum_words;
    others.push_back(piece.other_seconds);
  }
  for (std::size_t begin = 0; begin < others.size(); begin += static_cast<std::size_t>(ranks)) {
    auto const end = std::min(others.size(), begin + static_cast<std::size_t>(ranks));
    split.seconds += *std::max_element(others.begin() + static_cast<std::ptrdiff_t>(begin),
                                       others.begin() + static_cast<std::ptrdiff_t>(end));
  }
  split.seconds += hand_out_seconds(std::move(handed_out), computing_ranks(ranks));
  return split;
}

}  // namespace

RowSplit plan_row_split(std::span<SplitPiece const> pieces, Index ranks) {
  std::vector<bool> none(pieces.size(), false), all = none, long_ones = none;
  double total = 0;
  for (auto const& piece : pieces) total += piece.product_seconds + piece.other_seconds;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    all[i] = pieces[i].slices > 1;
    long_ones[i] = all[i] && pieces[i].product_seconds + pieces[i].other_seconds > total / static_cast<double>(ranks);
  }
  RowSplit best = evaluate(pieces, ranks, none);
  if (ranks == 1 || all == none) return best;
  double const without = best.seconds;
  for (auto const& choice : {long_ones, all}) {
    RowSplit split = evaluate(pieces, ranks, choice);
    if (split.seconds < best.seconds && split.seconds < worth_it * without) best = std::move(split);
  }
  return best;
}

}  // namespace confer
