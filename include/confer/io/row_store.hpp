/// Prepared rows of representations on file, beside their factors: what works on samples, not on directions, reads.
///
/// A record holds the samples side by side (one column each), so that a range of samples lies in one piece. It is
/// mapped, not read: the ranks of a node share its memory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "confer/linalg/matrix.hpp"
#include "confer/linalg/short_samples.hpp"

namespace confer {

/// What was done to the rows.
enum class RowForm {
  centred,      ///< column means taken off, one common scale: mean squared norm of the rows 1
  unit,         ///< rows as stored, divided by their norms
  correlation,  ///< rows as stored, their own mean taken off, divided by their norms
  clamped,      ///< values clamped at a high quantile of their size, then rows divided by their norms
};
std::string to_string(RowForm form);

/// What is known of a record beside its values.
struct RowFacts {
  Index features = 0;
  Index rows = 0;
  double median_distance = 0;  ///< of different rows; NaN: not computed
  Index zero_rows = 0;         ///< rows without a direction
  Index value_bytes = 4;       ///< 2: codes of short values
  Index rank_bytes = 0;        ///< of one rank of a pair of samples; 0: no ranks
  Index neighbours = 0;        ///< of each sample
  Index neighbour_products = 0;  ///< inner products with these: as many, or none
  Index block = 0;             ///< of features that share a unit, where values are short
  Index further = 0;           ///< neighbours of each sample beyond these, should some of the samples be left out
};

/// A record to be written. Parts may be empty.
struct RowRecord {
  RowFacts facts;
  std::vector<double> squared_norms;
  std::vector<float> distance_shifts;    ///< of the samples, where there is a median distance
  std::vector<std::byte> samples, ranks;
  std::vector<float> units;              ///< of the blocks, where samples are codes
  std::vector<std::int32_t> neighbours;  ///< rows x neighbours, sample by sample, then rows x further
  std::vector<double> inner_products;    ///< with them

  template <class U>
  void put_ranks(std::vector<U> const& codes) {
    auto const bytes = std::as_bytes(std::span(codes));
    ranks.assign(bytes.begin(), bytes.end());
  }
};

/// A record in memory. Moves, but does not copy.
class MappedRows {
 public:
  MappedRows(std::string const& path);
  ~MappedRows();
  MappedRows(MappedRows&&) noexcept;
  MappedRows& operator=(MappedRows&&) noexcept;

  RowFacts const& facts() const;
  /// features x rows. T must have facts().value_bytes.
  template <class T>
  MatrixView<T const> samples() const;
  /// The same where facts().value_bytes is 2.
  ShortSamples short_samples() const;
  std::span<double const> squared_norms() const;  ///< of the rows as they are here
  /// What is taken off the distances of each sample (distance_shifts.hpp); empty where there are none.
  std::span<float const> distance_shifts() const;
  /// Codes of the ranks of the distances of samples i < j at [j (j - 1) / 2 + i].
  template <class U>
  U const* ranks() const;
  /// The nearest neighbours of every sample, the nearest first: neighbours of sample i from i * facts().neighbours on.
  std::span<std::int32_t const> neighbours() const;
  std::span<double const> inner_products() const;  ///< with them; empty where there are none
  /// The next ones: of sample i from i * facts().further on.
  std::span<std::int32_t const> further_neighbours() const;
  std::span<double const> further_inner_products() const;  ///< with them; empty where there are none

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class RowStore {
 public:
  /// `directory`: of the basis store, which exists.
  explicit RowStore(std::string directory) : directory_(std::move(directory)) {}

  /// Throws EnvironmentError on a full disk.
  void put(std::string const& name, RowRecord const& record) const;
  /// Whether a whole, undamaged record of that name is there. A damaged one is removed.
  bool holds(std::string const& name) const;
  MappedRows map(std::string const& name) const;
  std::string path(std::string const& name) const;

  /// A whole record as bytes, and back: how it travels to a node that does not share the directory.
  std::string export_file(std::string const& name) const;
  void import_file(std::string const& name, std::string const& bytes) const;

 private:
  std::string directory_;
};

}  // namespace confer
