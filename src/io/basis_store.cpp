#include "confer/io/basis_store.hpp"

#include <sys/statvfs.h>
#include <unistd.h>
#include <xxhash.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <vector>

#include "confer/core/error.hpp"
#include "io/posix_file.hpp"

namespace confer {

namespace {

constexpr std::array<char, 8> magic = {'c', 'o', 'n', 'f', 'e', 'r', 'B', '1'};

// Fixed part of a file; the summary, the row norms, the loadings and the basis follow, then the checksum.
struct Header {
  std::array<char, 8> magic;
  Index value_bytes;
  Index rows;
  Index kept;
  Index features;  // 0: no loadings
  Index summary_bytes;
};

struct Offsets {
  Index summary, row_norms, loadings, basis, checksum;
};

Offsets offsets(Header const& h) {
  auto const aligned = [](Index at) { return (at + 63) / 64 * 64; };
  Offsets o{};
  o.summary = static_cast<Index>(sizeof(Header));
  o.row_norms = aligned(o.summary + h.summary_bytes);
  o.loadings = aligned(o.row_norms + h.rows * static_cast<Index>(sizeof(double)));
  o.basis = aligned(o.loadings + h.kept * h.features * h.value_bytes);
  o.checksum = aligned(o.basis + h.rows * h.kept * h.value_bytes);
  return o;
}

/// Writes in order and keeps the running checksum.
class Writer {
 public:
  explicit Writer(std::string const& path) : file_(path, PosixFile::Mode::write_new), state_(XXH3_createState()) {
    XXH3_64bits_reset(state_);
  }
  ~Writer() { XXH3_freeState(state_); }
  Writer(Writer const&) = delete;
  Writer& operator=(Writer const&) = delete;

  void write(void const* data, Index bytes) {
    file_.write(data, static_cast<std::size_t>(bytes));
    XXH3_64bits_update(state_, data, static_cast<std::size_t>(bytes));
    at_ += bytes;
  }
  void pad_to(Index offset) {
    std::array<char, 64> const zeros{};
    if (offset > at_) write(zeros.data(), offset - at_);
  }
  template <class T>
  void write_matrix(MatrixView<T const> matrix) {
    if (matrix.ld == matrix.rows) return write(matrix.data, matrix.rows * matrix.cols * static_cast<Index>(sizeof(T)));
    for (Index j = 0; j < matrix.cols; ++j) write(matrix.column(j), matrix.rows * static_cast<Index>(sizeof(T)));
  }
  void finish() {
    XXH64_hash_t const sum = XXH3_64bits_digest(state_);
    file_.write(&sum, sizeof sum);
  }

 private:
  PosixFile file_;
  XXH3_state_t* state_;
  Index at_ = 0;
};

std::string path_of(std::string const& directory, std::string const& key) { return directory + "/" + key + ".basis"; }

Header read_header(PosixFile const& file) {
  Header header{};
  file.read_at(0, &header, sizeof header);
  return header;
}

template <class T>
void put_any(std::string const& directory, std::string const& key, FactorSummary const& summary,
             MatrixView<T const> basis, MatrixView<T const> loadings, std::span<double const> row_norms) {
  std::string const text = to_json(summary);
  Header const header{magic,      static_cast<Index>(sizeof(T)), basis.rows,
                      basis.cols, loadings.cols,                 static_cast<Index>(text.size())};
  Offsets const at = offsets(header);
  std::string const path = path_of(directory, key), temporary = path + "." + std::to_string(::getpid()) + ".tmp";
  try {
    Writer writer(temporary);
    writer.write(&header, sizeof header);
    writer.write(text.data(), header.summary_bytes);
    writer.pad_to(at.row_norms);
    writer.write(row_norms.data(), static_cast<Index>(row_norms.size_bytes()));
    writer.pad_to(at.loadings);
    writer.write_matrix(loadings);
    writer.pad_to(at.basis);
    writer.write_matrix(basis);
    writer.pad_to(at.checksum);
    writer.finish();
    std::filesystem::rename(temporary, path);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw;
  }
}

template <class T>
void read_basis_any(std::string const& path, Index begin, MatrixView<T> out) {
  PosixFile const file(path, PosixFile::Mode::read);
  Header const header = read_header(file);
  Index const at = offsets(header).basis;
  auto const width = static_cast<Index>(sizeof(T));
  if (header.value_bytes != width || begin + out.rows > header.rows || out.cols > header.kept)
    throw EnvironmentError("the basis store file '" + path + "' has another shape", "it was changed by another job",
                           "start again with --fresh");
  if (begin == 0 && out.rows == header.rows && out.ld == out.rows)
    return file.read_at(at, out.data, static_cast<std::size_t>(out.rows * out.cols * width));
  for (Index j = 0; j < out.cols; ++j)
    file.read_at(at + (j * header.rows + begin) * width, out.column(j), static_cast<std::size_t>(out.rows * width));
}

template <class T>
Matrix<T> read_loadings_any(std::string const& path) {
  PosixFile const file(path, PosixFile::Mode::read);
  Header const header = read_header(file);
  Matrix<T> loadings(header.kept, header.features);
  file.read_at(offsets(header).loadings, loadings.data(), static_cast<std::size_t>(loadings.size()) * sizeof(T));
  return loadings;
}

bool checksum_holds(PosixFile const& file, Index end) {
  XXH3_state_t* const state = XXH3_createState();
  XXH3_64bits_reset(state);
  std::vector<char> buffer(std::size_t{4} << 20);
  for (Index at = 0; at < end;) {
    auto const count = static_cast<std::size_t>(std::min(end - at, static_cast<Index>(buffer.size())));
    file.read_at(at, buffer.data(), count);
    XXH3_64bits_update(state, buffer.data(), count);
    at += static_cast<Index>(count);
  }
  XXH64_hash_t const sum = XXH3_64bits_digest(state);
  XXH3_freeState(state);
  XXH64_hash_t expected = 0;
  file.read_at(end, &expected, sizeof expected);
  return sum == expected;
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
  put_any(directory_, key, summary, basis, loadings, row_norms);
}

void BasisStore::put(std::string const& key, FactorSummary const& summary, MatrixView<double const> basis,
                     MatrixView<double const> loadings, std::span<double const> row_norms) const {
  put_any(directory_, key, summary, basis, loadings, row_norms);
}

std::optional<FactorSummary> BasisStore::find(std::string const& key) const {
  std::string const path = path_of(directory_, key);
  if (!std::filesystem::exists(path)) return std::nullopt;
  try {
    PosixFile const file(path, PosixFile::Mode::read);
    Header const header = read_header(file);
    bool const plausible = header.magic == magic && header.rows >= 0 && header.kept >= 0 && header.features >= 0 &&
                           header.summary_bytes > 0 && header.summary_bytes < file.size();
    if (plausible && offsets(header).checksum + static_cast<Index>(sizeof(XXH64_hash_t)) == file.size() &&
        checksum_holds(file, offsets(header).checksum)) {
      std::string text(static_cast<std::size_t>(header.summary_bytes), '\0');
      file.read_at(offsets(header).summary, text.data(), text.size());
      return factor_summary_from_json(text);
    }
  } catch (std::exception const&) {
    // Falls through: what cannot be read is damaged.
  }
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  return std::nullopt;
}

void BasisStore::read_basis(std::string const& key, Index begin, MatrixView<float> out) const {
  read_basis_any(path_of(directory_, key), begin, out);
}
void BasisStore::read_basis(std::string const& key, Index begin, MatrixView<double> out) const {
  read_basis_any(path_of(directory_, key), begin, out);
}
Matrix<float> BasisStore::read_loadings(std::string const& key) const {
  return read_loadings_any<float>(path_of(directory_, key));
}
Matrix<double> BasisStore::read_loadings_exact(std::string const& key) const {
  return read_loadings_any<double>(path_of(directory_, key));
}

std::vector<double> BasisStore::read_row_norms(std::string const& key) const {
  PosixFile const file(path_of(directory_, key), PosixFile::Mode::read);
  Header const header = read_header(file);
  std::vector<double> norms(static_cast<std::size_t>(header.rows));
  file.read_at(offsets(header).row_norms, norms.data(), norms.size() * sizeof(double));
  return norms;
}

std::string BasisStore::export_file(std::string const& key) const {
  PosixFile const file(path_of(directory_, key), PosixFile::Mode::read);
  std::string bytes(static_cast<std::size_t>(file.size()), '\0');
  file.read_at(0, bytes.data(), bytes.size());
  return bytes;
}

void BasisStore::import_file(std::string const& key, std::string const& bytes) const {
  std::string const path = path_of(directory_, key), temporary = path + "." + std::to_string(::getpid()) + ".tmp";
  PosixFile(temporary, PosixFile::Mode::write_new).write(bytes.data(), bytes.size());
  std::filesystem::rename(temporary, path);
}

Index stored_bytes(Index rows, Index features, Index kept, Index bytes_per_value, bool with_loadings) {
  return 4096 + 8 * rows + 20 * kept + bytes_per_value * kept * (rows + (with_loadings ? features : 0));
}

std::string content_key(std::string const& text) {
  XXH128_hash_t const hash = XXH3_128bits(text.data(), text.size());
  std::array<char, 33> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return buffer.data();
}

double free_bytes(std::string const& directory) {
  struct statvfs status {};
  if (::statvfs(directory.c_str(), &status) != 0) return 0;
  return static_cast<double>(status.f_bavail) * static_cast<double>(status.f_frsize);
}

}  // namespace confer
