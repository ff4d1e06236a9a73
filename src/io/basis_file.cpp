#include "io/basis_file.hpp"

#include <xxhash.h>

namespace confer {

namespace {
Index aligned(Index at) { return (at + 63) / 64 * 64; }
}  // namespace

BasisOffsets::BasisOffsets(BasisShape const& s) {
  norms = aligned(static_cast<Index>(sizeof(BasisHeader)));
  loadings = aligned(norms + (s.row_norms ? s.rows * static_cast<Index>(sizeof(double)) : 0));
  basis = aligned(loadings + s.kept * s.features * s.value_bytes);
  checksums = aligned(basis + s.rows * s.kept * s.value_bytes);
  summary = checksums + (s.bands() + s.feature_ranges()) * static_cast<Index>(sizeof(XXH64_hash_t));
}

Index BasisOffsets::norms_of(BasisShape const& s, Index number) const {
  return norms + number * s.band_rows * static_cast<Index>(sizeof(double));
}
Index BasisOffsets::band(BasisShape const& s, Index number) const {
  return basis + number * s.band_rows * s.kept * s.value_bytes;
}
Index BasisOffsets::loadings_of(BasisShape const& s, Index range) const {
  return loadings + range * s.feature_range * s.kept * s.value_bytes;
}

std::string basis_path(std::string const& directory, std::string const& key) { return directory + "/" + key + ".basis"; }

BasisHeader read_basis_header(PosixFile const& file) {
  BasisHeader header;
  file.read_at(0, &header, sizeof header);
  return header;
}

bool is_plausible(BasisHeader const& h, Index file_bytes) {
  Index const most = Index{1} << 40;
  for (Index const size : {h.rows, h.kept, h.features, h.summary_bytes})
    if (size < 0 || size > most) return false;
  if (h.magic != basis_magic || (h.value_bytes != 4 && h.value_bytes != 8) || h.band_rows < 1 || h.feature_range < 1 ||
      h.summary_bytes < 1)
    return false;
  double const values = static_cast<double>(h.kept) * static_cast<double>(h.rows + h.features);
  if (values * static_cast<double>(h.value_bytes) > static_cast<double>(file_bytes)) return false;
  return BasisOffsets(h.shape()).summary + h.summary_bytes + static_cast<Index>(sizeof(XXH64_hash_t)) == file_bytes;
}

}  // namespace confer
