/// Maximum-weight one-to-one assignment of the rows of a score matrix to its columns (Jonker and Volgenant 1987).
#pragma once

#include <vector>

#include "confer/linalg/matrix.hpp"

namespace confer {

/// The certificate of an optimal assignment: rows[i] + columns[j] >= scores(i, j) for all i and j, with equality on
/// matched pairs. Of a matrix that is not square, the longer side has no negative dual, and zero for who stays single.
struct AssignmentDuals {
  std::vector<double> rows;
  std::vector<double> columns;
};

struct Assignment {
  std::vector<Index> column_of_row;  ///< -1 for a row that stays single (more rows than columns)
  double value = 0;                  ///< sum of the matched scores
  AssignmentDuals duals;             ///< exact to rounding of the scores
};

/// Matches min(rows, cols) pairs with the largest sum of scores. Ties are broken the same way every time.
/// `start`: duals of a similar problem of the same shape (a neighbouring checkpoint), which shorten the search and
/// never change the value; used for square matrices, empty ones and those of another shape are ignored. Worst case
/// O(n^3); throws std::invalid_argument when a score is not finite.
Assignment maximum_assignment(MatrixView<double const> scores, AssignmentDuals const& start = {});
Assignment maximum_assignment(MatrixView<float const> scores, AssignmentDuals const& start = {});

}  // namespace confer
