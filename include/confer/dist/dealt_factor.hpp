/// The factor of a matrix whose smaller side is too large for one rank: square matrices are dealt out over a process
/// grid and decomposed by ScaLAPACK, level by level as in linalg/factor.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "confer/dist/dist_matrix.hpp"
#include "confer/dist/process_grid.hpp"
#include "confer/linalg/factor.hpp"

namespace confer {

/// A matrix of observations by `side` columns: rows and features of a tall matrix, features and rows of a wide one. Each
/// rank holds its own range of observations, and reads them in blocks, as often as the method needs.
struct DealtSource {
  bool tall = true;
  Index rows = 0, features = 0;   ///< of all ranks
  Index first = 0, count = 0;     ///< observations of this rank
  /// Fills observations [begin, begin + count) of this rank: features x count if tall, else count x rows.
  std::function<void(Index begin, MatrixView<double> out)> read;
  /// Called before every collective step; may throw, then on all ranks.
  std::function<void()> step;

  Index side() const { return tall ? features : rows; }
};

/// One factor under way. All members are collective, and the same on every rank unless they say otherwise.
class DealtFactor {
 public:
  /// Finds singular values, vectors of the smaller side, rank, cut. options.output is not used.
  DealtFactor(Communicator const& comm, DealtSource const& source, FactorOptions const& options);

  /// Observations of a rank that are read and multiplied at once.
  static constexpr Index block_rows = 256;

  /// Singular values and what belongs to them; no basis, no loadings.
  Factor const& summary() const { return factor_; }
  Index kept() const { return kept_; }

  /// U of a tall matrix, diag(s) V' of a wide one, transposed: calls put(begin, part) for the observations of this rank
  /// in order, part being observations x kept. `corrected` adds their Gram matrix up for correction().
  using Put = std::function<void(Index begin, MatrixView<double const> part)>;
  void visit_observations(Put const& put, bool corrected);

  /// Makes U orthonormal: calls, `rounds` times on every rank, get for the next rows of this rank (rows x kept, at the
  /// most `most_rows`) and put for what they become. False when nothing needs to change.
  bool correct(Index rounds, Index most_rows, std::function<MatrixView<double>(Index round)> const& get,
               std::function<void(Index round)> const& put);

  /// Vectors of the smaller side in bands: calls put(band, part) for the bands of this rank, part being band_rows x kept;
  /// the last band may be shorter.
  void visit_side(Index band_rows, std::function<void(Index band, MatrixView<double const> part)> const& put);

 private:
  /// Runs work(begin, count, block) for all blocks of this rank, block being dealt_rows x side on the first `count` rows.
  void for_each_block(std::function<void(Index begin, Index count, DistMatrix& block)> const& work);
  void first_pass(FactorOptions const& options, DistMatrix& gram);
  void resolve(FactorOptions const& options, DistMatrix gram);
  DistMatrix projected_gram(DistMatrix const& directions);

  DealtSource const& source_;
  ProcessGrid all_, square_;  // ranks in a column, where observations lie; and nearly square, where products are made
  Factor factor_;
  bool exact_;
  Index kept_ = 0, rounds_ = 0;
  std::optional<DistMatrix> vectors_;  // side x rank
  std::optional<DistMatrix> gram_;     // of the observations visited
};

}  // namespace confer
