/// Which neurons of two networks correspond, from the matrix of their scores (p x q; usually correlations). After Li,
/// Yosinski, Clune, Lipson and Hopcroft 2016, Convergent learning.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "confer/linalg/assignment.hpp"
#include "confer/linalg/matrix.hpp"

namespace confer {

/// The best partner of each neuron; partners may repeat. Of equally good ones, the first.
struct Partners {
  std::vector<Index> index;   ///< -1 when there is nobody on the other side
  std::vector<double> value;  ///< NaN then

  double mean() const;  ///< of the values; NaN without any
};
Partners best_of_rows(MatrixView<double const> scores);
Partners best_of_columns(MatrixView<double const> scores);

/// The one-to-one matching of largest sum.
struct OneToOne {
  Partners partner;  ///< of each row; -1 and NaN for rows that stay single
  AssignmentDuals duals;
  double mean() const { return partner.mean(); }  ///< over the min(p, q) matched pairs
};
OneToOne match_one_to_one(MatrixView<double const> scores, AssignmentDuals const& start = {});

/// Share of the matched rows whose best partner is the matched one; NaN without any.
double agreement(Partners const& best, Partners const& matched);

/// Orders of rows and columns that put matched pairs side by side: row orders follow the cycles of the matching read as
/// a permutation of numbers, columns follow their rows, and who stays single comes last.
struct MatchedOrder {
  std::vector<Index> rows, columns;
};
MatchedOrder matched_order(std::span<Index const> column_of_row, Index columns);

/// An orthogonal matrix drawn at random (uniformly, but for signs); the same seed gives the same matrix.
Matrix<double> random_rotation(Index size, std::uint64_t seed);

/// Correlations of X with Y Q for an orthogonal Q (q x q): the same subspace in another basis. correlations: of X with
/// Y (p x q); within: of Y with itself (q x q, both triangles); deviations: of the neurons of Y, in any unit.
Matrix<double> rotated_correlations(MatrixView<double const> correlations, MatrixView<double const> within,
                                    std::span<double const> deviations, MatrixView<double const> rotation);

}  // namespace confer
