#include "similarity/neighbours.hpp"

#include <algorithm>
#include <cmath>

#include "confer/linalg/neighbours.hpp"

namespace confer {

std::vector<Index> overlaps(NeighbourStats const& pair) {
  return common_neighbours(pair.x.indices, pair.y.indices, pair.rows, pair.k);
}

NeighbourGraph neighbour_graph(Neighbours const& side, Index rows, Index k) {
  auto const lists = side.indices.first(static_cast<std::size_t>(rows * k));
  NeighbourGraph graph{rows, k, static_cast<double>(mutual_neighbours(lists, rows, k)), 0};
  std::vector<double> in_degree(static_cast<std::size_t>(rows), 0.0);
  for (std::int32_t const j : lists) ++in_degree[static_cast<std::size_t>(j)];
  for (double const degree : in_degree) graph.in_degree_squares += degree * degree;
  return graph;
}

/// The deviation of the overlap: T = sum over i != j of A_ij B_pi(i)pi(j) over 0/1 matrices with k ones a row. E[T^2]
/// sums over pairs of edges by what they share - all, reversed, tail, head, chained (twice), nothing - the product of
/// how many there are on either side over how many there could be.
ChanceLevel chance_of_overlap(NeighbourGraph const& x, NeighbourGraph const& y, double (*share)(Index overlap, Index k)) {
  double const n = static_cast<double>(x.rows), k = static_cast<double>(x.k);
  double const edges = n * k;
  struct Classes {
    double same, reversed, tail, head, chained, nothing;
  };
  auto const classes = [&](NeighbourGraph const& g) {
    Classes c{edges, g.mutual, n * k * k - edges, g.in_degree_squares - edges, edges * k - g.mutual, 0};
    c.nothing = edges * edges - c.same - c.reversed - c.tail - c.head - 2 * c.chained;
    return c;
  };
  Classes const a = classes(x), b = classes(y);
  double const two = n * (n - 1), three = two * (n - 2), four = three * (n - 3);
  auto const term = [](double product, double count) { return count > 0 ? product / count : 0; };
  double const second = term(a.same * b.same + a.reversed * b.reversed, two) +
                        term(a.tail * b.tail + a.head * b.head + 2 * a.chained * b.chained, three) +
                        term(a.nothing * b.nothing, four);
  double const first = edges * edges / two;
  double const deviation = std::sqrt(std::max(0.0, second - first * first)) / edges;

  // One sample's overlap is hypergeometric: k draws of n - 1, k of which count. From the likeliest one on, where nothing
  // underflows, each probability follows from its neighbour.
  double mean = 0, squares = 0, plain_mean = 0, plain_squares = 0;
  auto const add = [&](Index o, double probability) {
    double const value = share(o, x.k), plain = static_cast<double>(o) / k;
    mean += probability * value;
    squares += probability * value * value;
    plain_mean += probability * plain;
    plain_squares += probability * plain * plain;
  };
  auto const choose = [](double m, double c) { return std::lgamma(m + 1) - std::lgamma(c + 1) - std::lgamma(m - c + 1); };
  auto const to_next = [&](double o) { return (k - o) * (k - o) / ((o + 1) * (n - 2 * k + o)); };
  Index const least = std::max<Index>(0, 2 * x.k - (x.rows - 1));
  Index const likeliest = std::clamp<Index>((x.k + 1) * (x.k + 1) / (x.rows + 1), least, x.k);
  double const common = static_cast<double>(likeliest);
  double const highest = std::exp(choose(k, common) + choose(n - 1 - k, k - common) - choose(n - 1, k));
  add(likeliest, highest);
  double probability = highest;
  for (Index o = likeliest; o < x.k; ++o) add(o + 1, probability *= to_next(static_cast<double>(o)));
  probability = highest;
  for (Index o = likeliest; o-- > least;) add(o, probability /= to_next(static_cast<double>(o)));
  double const spread = plain_squares - plain_mean * plain_mean;
  double const ratio = spread > 0 ? std::sqrt(std::max(0.0, squares - mean * mean) / spread) : 0;
  return {mean, deviation * ratio};
}

}  // namespace confer
