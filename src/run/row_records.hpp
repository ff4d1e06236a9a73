/// Prepared rows: what the kernel and the neighbour measures read of a representation, made where it is factored.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "confer/io/row_store.hpp"
#include "confer/linalg/matrix.hpp"
#include "confer/linalg/neighbours.hpp"

namespace confer {

/// Which records a job needs, and what beside the rows.
struct RowNeeds {
  std::vector<RowForm> forms;
  std::vector<RowForm> with_median;  ///< of the distances between samples
  bool roots = false;                ///< of squared distances, which need more digits of small ones, are looked at
  std::optional<RowForm> ranked;     ///< ranks of these distances
  std::optional<RowForm> listed;     ///< nearest neighbours of every sample
  Index neighbours = 0;              ///< how many of them
  NeighbourDetail neighbour_detail = NeighbourDetail::indices;
  Index blocks = 0;                  ///< of samples, of which any may be left out; 0: none is
  std::vector<RowForm> kept;         ///< whose rows themselves are read later
  std::vector<RowForm> linear;       ///< of which more than distances is read: never shortened to 16 bits

  bool wants(RowForm form) const;
  /// The rows themselves, for their inner products.
  void add(RowForm form);
  /// The rows themselves, for distances, and the median of these.
  void add_distances(RowForm form);
  void add_ranks(RowForm form);
  void add_neighbours(RowForm form, Index count, Index left_out_blocks, NeighbourDetail detail);
  bool with_median_of(RowForm form) const;
  bool orders(RowForm form) const { return ranked == form || listed == form; }
  std::string text() const;  ///< stands for the needs in keys
};

/// Bytes of the code of a rank: 2 of long representations, where that is accurate to 1e-5 and saves half of the space.
Index rank_bytes(Index rows, bool exact);

std::string row_record_name(std::string const& key, RowForm form);

/// Whether all records of a factor are there and whole.
bool holds_rows(RowStore const& store, std::string const& key, RowNeeds const& needs);

/// Turns rows as stored into the form. rows: features x n. mean: of the features (`centred` only; empty: already
/// centred). quantile: of `clamped`. Returns how many rows have no direction.
Index prepare_rows(RowForm form, MatrixView<double> rows, std::span<double const> mean, double quantile);

/// Puts prepared rows into the store, in double precision when exact or where distances need it, else in single
/// precision, or in 16 bits where only distances are looked at and show no difference. `ordered`: rows of the same
/// distances, up to a factor, to take ranks and neighbours of. `blocks`: of each row, where blocks may be left out.
void put_rows(RowStore const& store, std::string const& key, RowForm form, RowNeeds const& needs,
              MatrixView<double const> rows, MatrixView<double const> ordered, std::span<Index const> blocks,
              Index zero_rows, bool exact);

/// The same for centred rows that nothing is ordered by, in single precision, from rows as stored. Returns false, and
/// puts nothing, where distances need double precision.
bool put_centred_rows(RowStore const& store, std::string const& key, RowNeeds const& needs, Matrix<float> rows);

}  // namespace confer
