/// Writes one factor into the basis store piece by piece, by one rank or by several at once.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "confer/linalg/matrix.hpp"
#include "confer/model/factor_summary.hpp"

namespace confer {

class BasisStore;

/// The parts of a factor on file. The basis lies in bands of rows, each column-major and with a checksum of its own
/// together with the norms of its rows; the loadings lie in ranges of features.
struct BasisShape {
  Index value_bytes = 4;
  Index rows = 0;
  Index kept = 0;
  Index features = 0;         ///< columns of the loadings; 0: none
  Index band_rows = 1;        ///< of every band but the last
  Index feature_range = 1;    ///< of every range of loadings but the last
  bool row_norms = true;

  Index bands() const { return (rows + band_rows - 1) / band_rows; }
  Index feature_ranges() const { return (features + feature_range - 1) / feature_range; }
  Index rows_of(Index band) const { return std::min(band_rows, rows - band * band_rows); }
  Index features_of(Index range) const { return std::min(feature_range, features - range * feature_range); }
};

class BasisWriter {
 public:
  /// A new file under a temporary name that ends in `token`; or, for the other ranks of a group, the file that the
  /// first one has created under that name.
  enum class Role { creates, joins };
  BasisWriter(BasisStore const& store, std::string const& key, std::string const& token, BasisShape const& shape,
              Role role);
  /// Removes the temporary file unless it was finished or joined.
  ~BasisWriter();
  BasisWriter(BasisWriter&&) noexcept;

  BasisShape const& shape() const;

  /// Rows of a band, rows_of(band) x kept, and their squared norms (none when the shape has none). Throws
  /// EnvironmentError on a full disk. Writing a band again replaces it.
  void write_band(Index band, MatrixView<float const> values, std::span<double const> norms);
  void write_band(Index band, MatrixView<double const> values, std::span<double const> norms);
  void read_band(Index band, MatrixView<float> values) const;
  void read_band(Index band, MatrixView<double> values) const;
  void read_norms(Index band, std::span<double> norms) const;
  /// kept x features_of(range).
  void write_loadings(Index range, MatrixView<float const> values);
  void write_loadings(Index range, MatrixView<double const> values);

  /// Numbers and checksums of the pieces that this object has written.
  std::vector<std::pair<Index, std::uint64_t>> checksums() const;
  /// The creator, when all ranks have written: adds what the others wrote, ends the file and gives it its name.
  void finish(FactorSummary const& summary, std::vector<std::pair<Index, std::uint64_t>> const& of_others);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace confer
