#include "confer/io/basis_store.hpp"

#include <sys/statvfs.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <vector>

#include "confer/core/error.hpp"
#include "confer/io/basis_writer.hpp"
#include "io/basis_file.hpp"

namespace confer {

namespace {

template <class T>
void put_any(BasisStore const& store, std::string const& key, FactorSummary const& summary, MatrixView<T const> basis,
             MatrixView<T const> loadings, std::span<double const> row_norms) {
  BasisShape const shape{static_cast<Index>(sizeof(T)),     basis.rows,
                         basis.cols,                        loadings.cols,
                         std::max<Index>(basis.rows, 1),    std::max<Index>(loadings.cols, 1),
                         !row_norms.empty()};
  BasisWriter writer(store, key, std::to_string(::getpid()), shape, BasisWriter::Role::creates);
  if (basis.rows > 0) writer.write_band(0, basis, row_norms);
  if (loadings.cols > 0) writer.write_loadings(0, loadings);
  writer.finish(summary, {});
}

[[noreturn]] void other_shape(std::string const& path) {
  throw EnvironmentError("the basis store file '" + path + "' has another shape", "it was changed by another job",
                         "start again with --fresh");
}

template <class T>
void read_basis_any(std::string const& path, Index begin, MatrixView<T> out) {
  PosixFile const file(path, PosixFile::Mode::read);
  BasisShape const shape = read_basis_header(file).shape();
  auto const width = static_cast<Index>(sizeof(T));
  if (shape.value_bytes != width || begin + out.rows > shape.rows || out.cols > shape.kept) other_shape(path);
  BasisOffsets const at(shape);
  for (Index done = 0; done < out.rows;) {
    Index const band = (begin + done) / shape.band_rows, from = (begin + done) % shape.band_rows;
    Index const in_band = shape.rows_of(band), count = std::min(in_band - from, out.rows - done);
    if (count == in_band && count == out.rows && out.ld == count)
      return file.read_at(at.band(shape, band), out.data, static_cast<std::size_t>(count * out.cols * width));
    for (Index j = 0; j < out.cols; ++j)
      file.read_at(at.band(shape, band) + (j * in_band + from) * width, out.column(j) + done,
                   static_cast<std::size_t>(count * width));
    done += count;
  }
}

template <class T>
void read_loadings_any(std::string const& path, Index begin, MatrixView<T> out) {
  PosixFile const file(path, PosixFile::Mode::read);
  BasisShape const shape = read_basis_header(file).shape();
  auto const width = static_cast<Index>(sizeof(T));
  if (shape.value_bytes != width || out.rows != shape.kept || begin + out.cols > shape.features) other_shape(path);
  Index const at = BasisOffsets(shape).loadings;
  for (Index j = 0; j < out.cols; ++j)
    file.read_at(at + (begin + j) * shape.kept * width, out.column(j), static_cast<std::size_t>(out.rows * width));
}

template <class T>
Matrix<T> all_loadings(std::string const& path) {
  BasisShape const shape = read_basis_header(PosixFile(path, PosixFile::Mode::read)).shape();
  Matrix<T> loadings(shape.kept, shape.features);
  read_loadings_any(path, 0, loadings.view());
  return loadings;
}

/// Adds `bytes` from `at` on to a checksum, through a buffer.
void add_range(PosixFile const& file, Index at, Index bytes, XXH3_state_t* state) {
  std::vector<char> buffer(static_cast<std::size_t>(std::min(bytes, Index{1} << 20)));
  for (Index done = 0; done < bytes;) {
    auto const count = static_cast<std::size_t>(std::min(bytes - done, static_cast<Index>(buffer.size())));
    file.read_at(at + done, buffer.data(), count);
    XXH3_64bits_update(state, buffer.data(), count);
    done += static_cast<Index>(count);
  }
}

/// The summary of a whole and undamaged file.
std::optional<FactorSummary> checked_summary(PosixFile const& file) {
  BasisHeader const header = read_basis_header(file);
  if (!is_plausible(header, file.size())) return std::nullopt;
  BasisShape const shape = header.shape();
  BasisOffsets const at(shape);
  std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> const owner(XXH3_createState(), &XXH3_freeState);
  XXH3_state_t* const state = owner.get();
  auto const holds = [&](XXH64_hash_t expected) { return XXH3_64bits_digest(state) == expected; };

  std::vector<XXH64_hash_t> table(static_cast<std::size_t>(shape.bands() + shape.feature_ranges()));
  file.read_at(at.checksums, table.data(), table.size() * sizeof(XXH64_hash_t));
  std::string text(static_cast<std::size_t>(header.summary_bytes), '\0');
  file.read_at(at.summary, text.data(), text.size());
  XXH64_hash_t whole = 0;
  file.read_at(at.summary + header.summary_bytes, &whole, sizeof whole);
  XXH3_64bits_reset(state);
  XXH3_64bits_update(state, &header, sizeof header);
  XXH3_64bits_update(state, table.data(), table.size() * sizeof(XXH64_hash_t));
  XXH3_64bits_update(state, text.data(), text.size());
  if (!holds(whole)) return std::nullopt;

  for (Index band = 0; band < shape.bands(); ++band) {
    Index const rows = shape.rows_of(band);
    XXH3_64bits_reset(state);
    if (shape.row_norms)
      add_range(file, at.norms_of(shape, band), rows * static_cast<Index>(sizeof(double)), state);
    add_range(file, at.band(shape, band), rows * shape.kept * shape.value_bytes, state);
    if (!holds(table[static_cast<std::size_t>(band)])) return std::nullopt;
  }
  for (Index range = 0; range < shape.feature_ranges(); ++range) {
    XXH3_64bits_reset(state);
    add_range(file, at.loadings_of(shape, range), shape.features_of(range) * shape.kept * shape.value_bytes, state);
    if (!holds(table[static_cast<std::size_t>(shape.bands() + range)])) return std::nullopt;
  }
  return factor_summary_from_json(text);
}

}  // namespace

BasisStore::BasisStore(std::string directory) : directory_(std::move(directory)) {
  std::error_code error;
  std::filesystem::create_directories(directory_, error);
  if (error || ::access(directory_.c_str(), W_OK) != 0)
    throw EnvironmentError("cannot use '" + directory_ + "' for the basis store",
                           error ? error.message() : "no permission to write", "name another directory with --scratch");
}

void BasisStore::put(std::string const& key, FactorSummary const& summary, MatrixView<float const> basis,
                     MatrixView<float const> loadings, std::span<double const> row_norms) const {
  put_any(*this, key, summary, basis, loadings, row_norms);
}

void BasisStore::put(std::string const& key, FactorSummary const& summary, MatrixView<double const> basis,
                     MatrixView<double const> loadings, std::span<double const> row_norms) const {
  put_any(*this, key, summary, basis, loadings, row_norms);
}

std::optional<FactorSummary> BasisStore::find(std::string const& key) const {
  std::string const path = basis_path(directory_, key);
  if (!std::filesystem::exists(path)) return std::nullopt;
  try {
    if (auto summary = checked_summary(PosixFile(path, PosixFile::Mode::read))) return summary;
  } catch (std::exception const&) {
    // Falls through: what cannot be read is damaged.
  }
  remove(key);
  return std::nullopt;
}

void BasisStore::remove(std::string const& key) const {
  std::error_code ignored;
  std::filesystem::remove(basis_path(directory_, key), ignored);
}

void BasisStore::read_basis(std::string const& key, Index begin, MatrixView<float> out) const {
  read_basis_any(basis_path(directory_, key), begin, out);
}
void BasisStore::read_basis(std::string const& key, Index begin, MatrixView<double> out) const {
  read_basis_any(basis_path(directory_, key), begin, out);
}
void BasisStore::read_loadings(std::string const& key, Index begin, MatrixView<float> out) const {
  read_loadings_any(basis_path(directory_, key), begin, out);
}
void BasisStore::read_loadings(std::string const& key, Index begin, MatrixView<double> out) const {
  read_loadings_any(basis_path(directory_, key), begin, out);
}
Index BasisStore::stored_features(std::string const& key) const {
  return read_basis_header(PosixFile(basis_path(directory_, key), PosixFile::Mode::read)).shape().features;
}
Matrix<float> BasisStore::read_loadings(std::string const& key) const {
  return all_loadings<float>(basis_path(directory_, key));
}
Matrix<double> BasisStore::read_loadings_exact(std::string const& key) const {
  return all_loadings<double>(basis_path(directory_, key));
}

void BasisStore::read_row_norms(std::string const& key, Index begin, std::span<double> out) const {
  std::string const path = basis_path(directory_, key);
  PosixFile const file(path, PosixFile::Mode::read);
  BasisShape const shape = read_basis_header(file).shape();
  if (!shape.row_norms || begin + std::ssize(out) > shape.rows) other_shape(path);
  file.read_at(BasisOffsets(shape).norms + begin * static_cast<Index>(sizeof(double)), out.data(), out.size_bytes());
}

std::vector<double> BasisStore::read_row_norms(std::string const& key) const {
  BasisHeader const header = read_basis_header(PosixFile(basis_path(directory_, key), PosixFile::Mode::read));
  std::vector<double> norms(static_cast<std::size_t>(header.row_norms != 0 ? header.rows : 0));
  if (!norms.empty()) read_row_norms(key, 0, norms);
  return norms;
}

Index BasisStore::file_bytes(std::string const& key) const {
  return PosixFile(basis_path(directory_, key), PosixFile::Mode::read).size();
}

void BasisStore::export_part(std::string const& key, Index begin, std::span<std::byte> out) const {
  PosixFile(basis_path(directory_, key), PosixFile::Mode::read).read_at(begin, out.data(), out.size());
}

void BasisStore::import_part(std::string const& key, Index begin, std::span<std::byte const> bytes,
                             Index file_bytes) const {
  std::string const path = basis_path(directory_, key), temporary = path + "." + std::to_string(::getpid()) + ".tmp";
  PosixFile(temporary, begin == 0 ? PosixFile::Mode::write_new : PosixFile::Mode::update)
      .write_at(begin, bytes.data(), bytes.size());
  if (begin + std::ssize(bytes) == file_bytes) std::filesystem::rename(temporary, path);
}

Index stored_bytes(Index rows, Index features, Index kept, Index bytes_per_value, bool with_loadings) {
  return 4096 + 8 * rows + 20 * kept + (rows + features) / 8 + bytes_per_value * kept * (rows + (with_loadings ? features : 0));
}

double free_bytes(std::string const& directory) {
  struct statvfs status {};
  if (::statvfs(directory.c_str(), &status) != 0) return 0;
  return static_cast<double>(status.f_bavail) * static_cast<double>(status.f_frsize);
}

}  // namespace confer
