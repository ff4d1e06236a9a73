#include "confer/theory/correspondence.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>

#include "confer/linalg/dense.hpp"

namespace confer {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

void offer(Partners& partners, Index who, Index partner, double value) {
  auto& best = partners.value[at(who)];
  if (partners.index[at(who)] >= 0 && !(value > best)) return;
  best = value;
  partners.index[at(who)] = partner;
}

Partners nobody(Index count) { return {std::vector<Index>(at(count), -1), std::vector<double>(at(count), kNaN)}; }

}  // namespace

double Partners::mean() const {
  double sum = 0;
  Index count = 0;
  for (std::size_t i = 0; i < index.size(); ++i)
    if (index[i] >= 0) {
      sum += value[i];
      ++count;
    }
  return count == 0 ? kNaN : sum / static_cast<double>(count);
}

Partners best_of_rows(MatrixView<double const> scores) {
  Partners best = nobody(scores.rows);
  for (Index j = 0; j < scores.cols; ++j)
    for (Index i = 0; i < scores.rows; ++i) offer(best, i, j, scores(i, j));
  return best;
}

Partners best_of_columns(MatrixView<double const> scores) {
  Partners best = nobody(scores.cols);
  for (Index j = 0; j < scores.cols; ++j)
    for (Index i = 0; i < scores.rows; ++i) offer(best, j, i, scores(i, j));
  return best;
}

OneToOne match_one_to_one(MatrixView<double const> scores, AssignmentDuals const& start) {
  OneToOne result{nobody(scores.rows), {}};
  if (scores.rows == 0 || scores.cols == 0) return result;
  Assignment found = maximum_assignment(scores, start);
  for (Index i = 0; i < scores.rows; ++i)
    if (Index const j = found.column_of_row[at(i)]; j >= 0) {
      result.partner.index[at(i)] = j;
      result.partner.value[at(i)] = scores(i, j);
    }
  result.duals = std::move(found.duals);
  return result;
}

double agreement(Partners const& best, Partners const& matched) {
  Index agreeing = 0, count = 0;
  for (std::size_t i = 0; i < matched.index.size(); ++i) {
    if (matched.index[i] < 0) continue;
    ++count;
    agreeing += best.index[i] == matched.index[i] ? 1 : 0;
  }
  return count == 0 ? kNaN : static_cast<double>(agreeing) / static_cast<double>(count);
}

MatchedOrder matched_order(std::span<Index const> column_of_row, Index columns) {
  MatchedOrder order;
  auto const rows = static_cast<Index>(column_of_row.size());
  std::vector<char> seen(column_of_row.size(), 0), taken(at(columns), 0);
  std::vector<Index> single;
  for (Index first = 0; first < rows; ++first)
    for (Index row = first; row < rows && seen[at(row)] == 0;) {
      seen[at(row)] = 1;
      Index const column = column_of_row[at(row)];
      if (column < 0) {
        single.push_back(row);
        break;
      }
      order.rows.push_back(row);
      order.columns.push_back(column);
      taken[at(column)] = 1;
      row = column;
    }
  order.rows.insert(order.rows.end(), single.begin(), single.end());
  for (Index column = 0; column < columns; ++column)
    if (taken[at(column)] == 0) order.columns.push_back(column);
  return order;
}

Matrix<double> random_rotation(Index size, std::uint64_t seed) {
  // Two draws of 53 bits a pair by Box and Muller: the library's normal distribution differs between compilers.
  std::mt19937_64 generator(seed);
  auto const uniform = [&] { return (static_cast<double>(generator() >> 11) + 0.5) * 0x1p-53; };
  Matrix<double> q(size, size);
  for (Index i = 0; i < q.size(); ++i)
    q.data()[i] = std::sqrt(-2 * std::log(uniform())) * std::cos(2 * 3.14159265358979323846 * uniform());
  // Repeated Cholesky orthogonalisation: products only, where a QR factorisation of a large matrix takes seconds.
  for (int round = 0; round < 3; ++round) {
    Matrix<double> gram(size, size);
    syrk_lower(1.0, q, Op::transpose, 0.0, gram);
    if (!cholesky_lower(gram)) throw std::runtime_error("a random matrix was not of full rank");
    right_solve_lower_transposed(gram, q);
  }
  return q;
}

Matrix<double> rotated_correlations(MatrixView<double const> correlations, MatrixView<double const> within,
                                    std::span<double const> deviations, MatrixView<double const> rotation) {
  Index const p = correlations.rows, q = correlations.cols;
  Matrix<double> scaled(q, q), spread(q, q), rotated(p, q);
  for (Index j = 0; j < q; ++j)
    for (Index i = 0; i < q; ++i) scaled(i, j) = deviations[at(i)] * rotation(i, j);
  gemm(1.0, within, Op::none, scaled, Op::none, 0.0, spread);
  gemm(1.0, correlations, Op::none, scaled, Op::none, 0.0, rotated);
  for (Index j = 0; j < q; ++j) {
    double variance = 0;
    for (Index i = 0; i < q; ++i) variance += scaled(i, j) * spread(i, j);
    double const scale = variance > 0 ? 1 / std::sqrt(variance) : 0.0;
    for (Index i = 0; i < p; ++i) rotated(i, j) = std::clamp(rotated(i, j) * scale, -1.0, 1.0);
  }
  return rotated;
}

}  // namespace confer
