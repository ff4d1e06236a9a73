/// The centred factor of a data matrix: X - 1 mean' = U diag(s) V', kept to numerical rank, from streamed rows.
///
/// Method. The Gram matrix of the smaller side is summed in double precision and decomposed. It resolves singular
/// values down to about 1e-7 of the largest; directions far below the largest are therefore projected out of the data
/// and given a Gram matrix of their own, as often as needed. That second pass sees the small directions without the
/// large ones and is as accurate as an orthogonal factorisation, at the cost of matrix products only. A Cholesky step
/// (CholeskyQR) restores the orthogonality of U to rounding where more than one level was needed. Where one is enough and
/// U ends in single precision, most of it is multiplied in single precision, without loss (linalg/rounded_projection.hpp).
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "confer/linalg/dense.hpp"
#include "confer/linalg/matrix.hpp"

namespace confer {

/// Of an eigen-decomposition.
enum class DirectionDetail { values, vectors };

/// eigh(gram), or its values alone.
Eigen decompose(MatrixView<double const> gram, DirectionDetail detail);
using Decompose = std::function<Eigen(MatrixView<double const> gram, DirectionDetail detail)>;

/// A matrix of `rows` samples by `features`, read in blocks of rows, as often as the method needs.
/// On several ranks each holds its own range of rows.
struct RowSource {
  Index rows = 0;        ///< of this rank
  Index total_rows = 0;  ///< of all ranks
  Index features = 0;
  /// Fills features x count (one column per row of the matrix), rows [begin, begin + count) of this rank.
  std::function<void(Index begin, MatrixView<double> out)> read;
  /// Sums the values element-wise over the ranks that share the matrix; empty when there is only one.
  std::function<void(std::span<double>)> sum;
  /// Element-wise maximum over those ranks.
  std::function<void(std::span<double>)> max;
  /// decompose() of a matrix that all of them hold, the same on all; empty when there is only one.
  Decompose decompose = {};
};

/// Which singular values count as zero.
struct RankRule {
  std::optional<double> relative;  ///< below this times the largest; empty: the rounding of the stored type decides
  double unit_roundoff = 0;        ///< u of the stored type
};

/// What the source has to tell after its first complete pass: the sum of squares of the values as stored and their count.
struct StoredNorm {
  double sum_of_squares = 0;
  double count = 0;
};

/// Where a factor goes that is too large to be kept: piece by piece, in order, as far as basis and loadings are asked
/// for. The matrices and row norms of Factor then stay empty.
struct FactorOutput {
  /// Called once, when the singular values are known: so many directions follow; `largest` is the first value.
  std::function<void(Index kept, double largest)> begin;
  /// Rows [begin, begin + u.rows) of this rank (of all ranks, if the matrix is read by columns) and the squared norms
  /// of the centred rows.
  std::function<void(Index begin, MatrixView<double const> u, std::span<double const> norms)> put_rows;
  /// Calls `revise` for all rows of this rank that were put, block by block, and keeps what it leaves in them.
  std::function<void(std::function<void(MatrixView<double>)> const& revise)> revise_rows;
  /// diag(s) V' of features [begin, begin + block.cols) of this rank.
  std::function<void(Index begin, MatrixView<double const> block)> put_loadings;
};

struct FactorOptions {
  RankRule rule;
  std::function<StoredNorm()> stored;  ///< asked for once, after the first pass (local values); may throw
  bool exact = false;                  ///< basis in double precision and tighter orthogonality
  bool basis = true;                   ///< compute U
  bool loadings = true;                ///< compute diag(s) V'
  Index components = 0;                ///< keep only this many leading directions in basis and loadings; 0: all
  double variance = 0;                 ///< or as many as hold this share of the variance; 0: all
  FactorOutput const* output = nullptr;  ///< receives the pieces instead of Factor
};

struct Factor {
  Index rows = 0;                        ///< of all ranks
  Index features = 0;
  std::vector<double> singular_values;   ///< to numerical rank, descending
  Matrix<float> basis;                   ///< U, local rows x kept directions; empty when exact
  Matrix<double> basis_exact;            ///< U in double precision when exact
  Matrix<double> loadings;               ///< diag(s) V', kept directions x features
  Matrix<double> projections;            ///< U' times ColumnSource::outputs, kept directions x outputs
  std::vector<double> squared_row_norms; ///< of the centred local rows, as far as directions are kept
  std::vector<double> mean;              ///< of every feature
  double total_variance = 0;             ///< trace of the centred Gram matrix
  double cut = 0;                        ///< singular values below this were taken as zero
  double tau = 0;                        ///< norm of what rounding to the stored type could have produced
  Index constant_features = 0;
  Index levels = 0;                      ///< Gram passes that were needed
  double largest_dropped = 0;            ///< largest singular value under the cut, 0 when none is known
  Index given_away = 0;                  ///< directions that went to FactorOptions::output

  Index rank() const { return static_cast<Index>(singular_values.size()); }
  Index kept() const { return std::max(basis.cols() + basis_exact.cols(), given_away); }
};

/// Factors the matrix. rank() is 0 when all features are constant, and when double precision does not hold the squares of
/// the values, which must be finite.
Factor factor_rows(RowSource const& source, FactorOptions const& options);

/// A matrix wider than long, read in blocks of features over all rows. On several ranks each holds some features.
struct ColumnSource {
  Index rows = 0;
  Index features = 0;        ///< of this rank
  Index total_features = 0;  ///< of all ranks
  /// Fills count x rows: features [begin, begin + count) of this rank, one column per sample.
  std::function<void(Index begin, MatrixView<double> out)> read;
  std::function<void(std::span<double>)> sum;   ///< as in RowSource
  Decompose decompose = {};                     ///< as in RowSource
  /// rows x any number: columns to project on the left singular vectors, which are at hand here.
  MatrixView<double const> outputs = {};
};

/// The same factor from the sample side (rows x rows Gram matrix), for matrices with more features than rows.
/// mean, loadings and their columns are those of the local features.
Factor factor_columns(ColumnSource const& source, FactorOptions const& options);

/// What one Gram matrix resolves of the directions it holds, given their singular values in descending order.
struct LevelSplit {
  Index accurate = 0;          ///< leading ones that are accurate
  Index used = 0;              ///< these and the following ones, which the next level has to look at
  Index found = 0;             ///< accurate ones that are not below the cut
  double largest_dropped = 0;  ///< largest value that is known to lie below the cut
};
LevelSplit split_level(std::span<double const> values, double cut, bool exact);

/// How many of the directions found basis and loadings keep.
Index kept_directions(FactorOptions const& options, std::vector<double> const& values);

/// Whether double precision holds the squares of the data: not all zero, and neither overflowing nor losing digits near
/// zero.
bool squares_hold(double total_variance);

/// The cut below which singular values count as zero, from the norm of the matrix, the norm of its rounding and, if the
/// rule is relative, the largest value. smaller_side: of the matrix.
double rank_cut(RankRule const& rule, double norm, Index smaller_side, double tau, double largest);

/// Norm of what rounding to a stored type could have produced: u/sqrt(3) rms (sqrt(n) + sqrt(p)).
double rounding_norm(double unit_roundoff, double rms, Index rows, Index features);

/// Smallest number of leading directions that holds this share of the sum of squares.
Index components_for_variance(std::span<double const> singular_values, double share);

/// Rows, or features of a wide matrix, that are read and multiplied at once; depends on the other side only, so that
/// results do not depend on memory.
Index rows_per_block(Index features);
Index features_per_block(Index rows);

}  // namespace confer
