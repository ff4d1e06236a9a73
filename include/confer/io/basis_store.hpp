/// Factors on file: one file per representation in a directory that the ranks of a node share.
///
/// The directory lies in shared memory, or on disk where that is too small or the store is to be kept. Files are named
/// by a key made of everything the factor depends on, written under a temporary name, renamed, and checksummed.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "confer/io/content_hash.hpp"
#include "confer/linalg/matrix.hpp"
#include "confer/model/factor_summary.hpp"

namespace confer {

class BasisStore {
 public:
  /// Uses (and creates) the directory. Throws EnvironmentError when it cannot be written.
  explicit BasisStore(std::string directory);

  std::string const& directory() const { return directory_; }

  /// Stores a factor. basis: rows x kept; loadings: kept x features, in units of the largest singular value (may be
  /// empty); row_norms: squared norms of the centred rows. Throws EnvironmentError on a full disk.
  void put(std::string const& key, FactorSummary const& summary, MatrixView<float const> basis,
           MatrixView<float const> loadings, std::span<double const> row_norms) const;
  void put(std::string const& key, FactorSummary const& summary, MatrixView<double const> basis,
           MatrixView<double const> loadings, std::span<double const> row_norms) const;

  /// The summary when a whole, undamaged factor with this key is there. A damaged file is removed and counts as absent.
  std::optional<FactorSummary> find(std::string const& key) const;

  /// Removes a factor that no rank reads any more; nothing if it is not there.
  void remove(std::string const& key) const;

  /// Reads rows [begin, begin + out.rows) of the first out.cols basis columns.
  void read_basis(std::string const& key, Index begin, MatrixView<float> out) const;
  void read_basis(std::string const& key, Index begin, MatrixView<double> out) const;
  /// Features whose loadings are stored; 0: none.
  Index stored_features(std::string const& key) const;
  Matrix<float> read_loadings(std::string const& key) const;
  Matrix<double> read_loadings_exact(std::string const& key) const;
  std::vector<double> read_row_norms(std::string const& key) const;
  /// Parts of these: features [begin, begin + out.cols), rows [begin, begin + out.size()).
  void read_loadings(std::string const& key, Index begin, MatrixView<float> out) const;
  void read_loadings(std::string const& key, Index begin, MatrixView<double> out) const;
  void read_row_norms(std::string const& key, Index begin, std::span<double> out) const;

  /// How a store travels to a node that does not share the directory: the size of a file, its bytes from `begin` on,
  /// and back; the file is there when the last bytes have come.
  Index file_bytes(std::string const& key) const;
  void export_part(std::string const& key, Index begin, std::span<std::byte> out) const;
  void import_part(std::string const& key, Index begin, std::span<std::byte const> bytes, Index file_bytes) const;

 private:
  std::string directory_;
};

/// Bytes that one factor takes in the store.
Index stored_bytes(Index rows, Index features, Index kept, Index bytes_per_value, bool with_loadings);

/// Bytes free for ordinary users in the file system of a directory; 0 when it does not exist.
double free_bytes(std::string const& directory);

}  // namespace confer
