/// Format of a factor on file: where its parts lie. Private to the basis store and its writer.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "confer/io/basis_writer.hpp"
#include "io/posix_file.hpp"

namespace confer {

inline constexpr std::array<char, 8> basis_magic = {'c', 'o', 'n', 'f', 'e', 'r', 'B', '2'};

/// Fixed part at the beginning of a file.
struct BasisHeader {
  std::array<char, 8> magic = {};
  Index value_bytes = 0, rows = 0, kept = 0, features = 0, band_rows = 0, feature_range = 0, row_norms = 0;
  Index summary_bytes = 0;

  BasisShape shape() const { return {value_bytes, rows, kept, features, band_rows, feature_range, row_norms != 0}; }
};

/// Offsets in bytes. The row norms follow the header; then come the loadings, the bands of the basis, the checksums
/// of all pieces (bands first), the summary as text, and a checksum of header, checksums and summary.
struct BasisOffsets {
  explicit BasisOffsets(BasisShape const& shape);

  Index norms = 0, loadings = 0, basis = 0, checksums = 0, summary = 0;

  Index norms_of(BasisShape const& shape, Index band) const;
  Index band(BasisShape const& shape, Index band) const;
  Index loadings_of(BasisShape const& shape, Index range) const;
};

std::string basis_path(std::string const& directory, std::string const& key);

/// The header when it is that of a plausible and complete file; nothing is trusted before.
BasisHeader read_basis_header(PosixFile const& file);
bool is_plausible(BasisHeader const& header, Index file_bytes);

}  // namespace confer
