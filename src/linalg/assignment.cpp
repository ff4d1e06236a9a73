#include "confer/linalg/assignment.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>

#include "linalg/margins.hpp"

namespace confer {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Bidders (columns of the view, never more than its rows) compete for objects (rows of the view). A bidder wants the
/// object of least margin, price - score. Throughout, every bidder that has an object has one of least margin, and an
/// object nobody has keeps the price it started with.
template <class T>
class Market {
 public:
  Market(MatrixView<T const> scores)
      : scores_(scores),
        objects_(scores.rows),
        bidders_(scores.cols),
        prices_(static_cast<std::size_t>(objects_)),
        bidder_of_(static_cast<std::size_t>(objects_), -1),
        object_of_(static_cast<std::size_t>(bidders_), -1),
        smallest_(static_cast<std::size_t>(margin_blocks(objects_))) {}

  void set_prices(std::vector<double> const& prices) { prices_ = prices; }

  /// Column reduction with reduction transfer. For square markets only: it prices objects that might stay unsold.
  void reduce_columns() {
    // Scores are negative margins at prices of zero, so the best bidders are found by the loop that finds paths.
    std::vector<double> distance(prices_.size(), infinity);
    std::vector<Index> best(prices_.size());
    for (Index i = 0; i < bidders_; ++i)
      loops_.relax(scores_.column(i), prices_.data(), 0, i, objects_, distance.data(), best.data(), smallest_.data());
    std::ranges::transform(distance, prices_.begin(), std::negate<>());
    std::vector<Index> wins(object_of_.size());
    for (Index j = 0; j < objects_; ++j)
      if (wins[at(best[at(j)])]++ == 0) give(best[at(j)], j);
    // Who is best for one object only can bear its price to rise until another is as good for him.
    for (Index i = 0; i < bidders_; ++i) {
      if (wins[at(i)] != 1) continue;
      auto const [least, second] = two_least(i);
      if (least.object == object_of_[at(i)]) price(least.object) += second.margin - least.margin;
    }
  }

  /// Augmenting row reduction: bidders without an object take the best one and raise its price to where the second best
  /// is as good; who loses an object that way bids at once.
  void bid() {
    for (int pass = 0; pass < 2; ++pass) {
      auto waiting = single_bidders();
      std::vector<Index> later;
      // With rounded prices, two bidders may raise each other in tiny steps.
      Index patience = 16 * bidders_;
      std::ranges::reverse(waiting);
      while (!waiting.empty()) {
        Index const i = waiting.back();
        waiting.pop_back();
        auto [least, second] = two_least(i);
        double const raised = price(least.object) + (second.margin - least.margin);
        bool const dearer = raised > price(least.object);
        if (dearer)
          price(least.object) = raised;
        else if (bidder_of_[at(least.object)] >= 0 && second.object >= 0)
          least = second;
        Index const loser = bidder_of_[at(least.object)];
        give(i, least.object);
        if (loser < 0) continue;
        object_of_[at(loser)] = -1;
        (dearer && patience-- > 0 ? waiting : later).push_back(loser);
      }
      if (later.empty()) return;
    }
  }

  /// Gives every bidder without an object one along the shortest augmenting path.
  void augment() {
    auto const n = prices_.size();
    std::vector<double> distance(n), open_prices(n);
    std::vector<Index> previous(n), closed;
    for (Index const start : single_bidders()) {
      std::ranges::fill(distance, infinity);
      open_prices = prices_;
      closed.clear();
      Index bidder = start;
      double offset = 0, reached = 0;
      Index end = -1;
      while (true) {
        loops_.relax(scores_.column(bidder), open_prices.data(), offset, bidder, objects_, distance.data(),
                     previous.data(), smallest_.data());
        end = nearest(distance);
        reached = distance[at(end)];
        if (bidder_of_[at(end)] < 0) break;
        // An infinite price keeps the object out of all further scans.
        closed.push_back(end);
        closed_distance_.push_back(reached);
        open_prices[at(end)] = infinity;
        distance[at(end)] = infinity;
        bidder = bidder_of_[at(end)];
        offset = reached - (price(end) - score(bidder, end));
      }
      for (std::size_t k = 0; k < closed.size(); ++k) price(closed[k]) += reached - closed_distance_[k];
      closed_distance_.clear();
      for (Index i = -1; i != start;) {
        i = previous[at(end)];
        bidder_of_[at(end)] = i;
        std::swap(end, object_of_[at(i)]);
      }
    }
  }

  std::vector<Index> const& object_of() const { return object_of_; }
  std::vector<Index> const& bidder_of() const { return bidder_of_; }
  std::vector<double> const& prices() const { return prices_; }
  double score(Index bidder, Index object) const { return static_cast<double>(scores_(object, bidder)); }

 private:
  struct Offer {
    double margin = infinity;
    Index object = -1;
  };
  struct TwoOffers {
    Offer least, second;
  };

  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }
  double& price(Index j) { return prices_[at(j)]; }

  void give(Index bidder, Index object) {
    object_of_[at(bidder)] = object;
    bidder_of_[at(object)] = bidder;
  }

  std::vector<Index> single_bidders() const {
    std::vector<Index> single;
    for (Index i = 0; i < bidders_; ++i)
      if (object_of_[at(i)] < 0) single.push_back(i);
    return single;
  }

  /// The two objects of least margin for a bidder, the first of equal ones first.
  TwoOffers two_least(Index bidder) {
    T const* const row = scores_.column(bidder);
    loops_.minima(row, prices_.data(), objects_, smallest_.data());
    double first = infinity, other = infinity;
    Index first_block = 0, other_block = -1;
    for (std::size_t b = 0; b < smallest_.size(); ++b) {
      if (smallest_[b] < first) {
        other = first;
        other_block = first_block;
        first = smallest_[b];
        first_block = static_cast<Index>(b);
      } else if (smallest_[b] < other) {
        other = smallest_[b];
        other_block = static_cast<Index>(b);
      }
    }
    TwoOffers offers;
    for (Index j = first_block * margin_block; j < std::min(objects_, (first_block + 1) * margin_block); ++j) {
      double const margin = price(j) - static_cast<double>(row[j]);
      if (margin < offers.least.margin) {
        offers.second = offers.least;
        offers.least = {margin, j};
      } else if (margin < offers.second.margin) {
        offers.second = {margin, j};
      }
    }
    if (objects_ == 1) offers.second.margin = offers.least.margin;
    if (other < offers.second.margin) {
      for (Index j = other_block * margin_block; j < std::min(objects_, (other_block + 1) * margin_block); ++j)
        if (price(j) - static_cast<double>(row[j]) == other) {
          offers.second = {other, j};
          break;
        }
    }
    return offers;
  }

  /// The object of least distance; among equal ones one that nobody has, if there is any, ends the path sooner.
  Index nearest(std::vector<double> const& distance) const {
    double const least = *std::ranges::min_element(smallest_);
    Index found = -1;
    for (std::size_t b = 0; b < smallest_.size(); ++b) {
      if (smallest_[b] != least) continue;
      Index const begin = static_cast<Index>(b) * margin_block;
      for (Index j = begin; j < std::min(objects_, begin + margin_block); ++j) {
        if (distance[at(j)] != least) continue;
        if (bidder_of_[at(j)] < 0) return j;
        if (found < 0) found = j;
      }
    }
    return found;
  }

  MatrixView<T const> scores_;
  Index objects_, bidders_;
  std::vector<double> prices_;
  std::vector<Index> bidder_of_, object_of_;
  std::vector<double> smallest_, closed_distance_;
  MarginLoops<T> loops_ = margin_loops<T>();
};

template <class T>
bool all_finite(MatrixView<T const> scores) {
  for (Index j = 0; j < scores.cols; ++j) {
    // Zero times anything finite is zero.
    double sum = 0;
    for (T const score : scores.column_span(j)) sum += static_cast<double>(score) * 0.0;
    if (sum != 0) return false;
  }
  return true;
}

template <class T>
Assignment assign(MatrixView<T const> scores, AssignmentDuals const& start) {
  if (!all_finite(scores)) throw std::invalid_argument("assignment needs finite scores");
  Index const rows = scores.rows, cols = scores.cols;
  bool const transposed = cols > rows;
  Matrix<T> copy;
  if (transposed) {
    copy = Matrix<T>(cols, rows);
    for (Index j = 0; j < cols; ++j)
      for (Index i = 0; i < rows; ++i) copy(j, i) = scores(i, j);
  }
  Market<T> market(transposed ? copy.view() : scores);
  if (rows == cols && static_cast<Index>(start.rows.size()) == rows)
    market.set_prices(start.rows);
  else if (rows == cols)
    market.reduce_columns();
  market.bid();
  market.augment();

  Assignment result;
  result.column_of_row = transposed ? market.object_of() : market.bidder_of();
  std::vector<double> gains;
  for (std::size_t i = 0; i < market.object_of().size(); ++i) {
    Index const object = market.object_of()[i];
    double const score = market.score(static_cast<Index>(i), object);
    result.value += score;
    gains.push_back(score - market.prices()[static_cast<std::size_t>(object)]);
  }
  result.duals = transposed ? AssignmentDuals{gains, market.prices()} : AssignmentDuals{market.prices(), gains};
  return result;
}

}  // namespace

Assignment maximum_assignment(MatrixView<double const> scores, AssignmentDuals const& start) {
  return assign(scores, start);
}

Assignment maximum_assignment(MatrixView<float const> scores, AssignmentDuals const& start) {
  return assign(scores, start);
}

}  // namespace confer
