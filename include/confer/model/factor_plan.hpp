/// How each representation is factored: by one rank, by a group of ranks or by ScaLAPACK, and in what memory.
///
/// Pure arithmetic on sizes: the route depends on the sizes and on the memory a rank may use, never on the number of
/// ranks, so that what is ordinary takes the same path, to the same bits, on any number of them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "confer/core/types.hpp"
#include "confer/model/config.hpp"

namespace confer {

/// A representation as the plan sees it.
struct FactorShape {
  Index rows = 0, features = 0;
  Index rows_per_sample = 1;
  Index window_value_bytes = 8;    ///< of a value that is held in a window of features
  double values_per_sample = 0;    ///< as stored, before averages
  bool chunked = false;            ///< chunks are decompressed through a cache
  bool exact = false, basis = true, loadings = false;

  bool tall() const { return features <= rows; }
  Index small() const { return std::min(rows, features); }
};

/// local: whole on one rank. pieces: its basis and loadings go to the store piece by piece. shared: the same by a group
/// of ranks, each with its part of the rows (or of the features, if wide). scalapack: the square matrices too are dealt out.
enum class FactorRoute { local, pieces, shared, scalapack };

struct FactorMethod {
  FactorRoute route = FactorRoute::local;
  Index window = 1;        ///< samples, or features of a wide matrix, that are held at once
  double chunk_bytes = 0;  ///< decompressed chunks of the file that are held
  double memory = 0;       ///< bytes of one rank beside what it needs in any case
};

/// Rows that a rank gives to ScaLAPACK at once.
inline constexpr Index dealt_rows = 256;

/// Parts of a tall matrix or of its basis begin at multiples of so many samples, those of a wide one at so many features.
Index band_samples(Index rows_per_sample);
Index feature_unit(Index rows);

/// The method for one representation; nothing when `allowed` bytes are too few on `ranks` ranks.
std::optional<FactorMethod> factor_method(FactorShape const& shape, SvdRoute route, Index ranks, double allowed);

/// Bytes of a rank with which factor_method would succeed on so many ranks.
double least_factor_memory(FactorShape const& shape, SvdRoute route, Index ranks);

/// Bytes of a rank that factors a matrix by itself, holding the result: with all of its activations in double precision
/// (`whole`), or with a block of rows at a time, which only a tall matrix allows.
double local_factor_memory(FactorShape const& shape, bool whole);

/// The range of `units` that belongs to one of `parts`: contiguous, sizes differing by one at the most.
struct UnitRange {
  Index begin = 0, end = 0;
};
UnitRange part_of(Index units, Index parts, Index number);

/// Who factors the shared representations: groups of neighbouring ranks, each with a list of them.
struct GroupPlan {
  Index groups = 1;
  std::vector<std::vector<Index>> items;  ///< of each group, biggest first
  double seconds = 0;                     ///< predicted
};

/// Chooses the number of groups, a power of two, by predicted time: many small groups share less work among more
/// matrices, few large ones the rows of each among more ranks. At least `least_groups`.
GroupPlan plan_groups(std::span<FactorShape const> shared, Index ranks, Index least_groups);

/// The group of a rank.
Index group_of(Index rank, Index ranks, Index groups);

/// Words of 8 bytes that a rank of the group sends to factor this shape, with so many Gram matrices.
double factor_words(FactorShape const& shape, Index ranks, Index levels);

}  // namespace confer
