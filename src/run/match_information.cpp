#include <algorithm>

#include "confer/theory/correspondence.hpp"
#include "confer/theory/mutual_information.hpp"
#include "run/match_parts.hpp"

namespace confer {

namespace {

constexpr Index values_at_once = Index{8} << 20;  ///< of neurons that are gathered row by row

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// All neurons as bin numbers, in the order of the blocks.
std::vector<Binned> binned(NeuronSide& side, Index bins) {
  std::vector<Binned> result;
  Index const rows = side.rows(), at_once = std::max<Index>(1, values_at_once / rows);
  for (Index begin = 0; begin < side.live(); begin += at_once) {
    Index const count = std::min(at_once, side.live() - begin);
    Matrix<double> values(rows, count);
    Index row = 0;
    for (Index b = 0; b < side.blocks(); ++b) {
      auto const block = side.block(b);
      for (Index i = 0; i < block.cols; ++i, ++row)
        for (Index k = 0; k < count; ++k)  // as stored, because zeros count
          values(row, k) = block(begin + k, i) * side.deviation(begin + k) + side.mean(begin + k);
    }
    for (Index k = 0; k < count; ++k) result.push_back(quantile_bins(values.view().column_span(k), bins));
  }
  return result;
}

}  // namespace

void add_information(MatchOptions const& options, PairProducts const& pair, MatchedPair& result,
                     std::function<void()> const& poll) {
  auto const x = binned(pair.a, options.bins), y = binned(pair.b, options.bins);
  Matrix<double> information(pair.a.live(), pair.b.live());
  for (Index i = 0; i < information.rows(); ++i) {
    for (Index j = 0; j < information.cols(); ++j) information(i, j) = mutual_information(x[at(i)], y[at(j)]);
    poll();
  }
  auto const add = [](MatchedNeurons& side, Partners const& best, std::vector<Index> const& own,
                      std::vector<Index> const& other, Index features) {
    std::vector<Index> named;
    for (Index const partner : best.index) named.push_back(other[at(partner)]);
    side.information_partner = over_all(named, own, features, Index{-1});
    side.information = over_all(best.value, own, features, kNoValue);
    side.mean_information = best.mean();
    Index same = 0;
    for (Index const neuron : own) same += side.information_partner[at(neuron)] == side.partner[at(neuron)] ? 1 : 0;
    side.information_agreement = static_cast<double>(same) / static_cast<double>(own.size());
  };
  add(result.sides[0], best_of_rows(information), pair.a.live_neurons(), pair.b.live_neurons(), pair.features_a);
  add(result.sides[1], best_of_columns(information), pair.b.live_neurons(), pair.a.live_neurons(), pair.features_b);
}

}  // namespace confer
