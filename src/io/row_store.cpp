#include "confer/io/row_store.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "confer/core/error.hpp"
#include "io/posix_file.hpp"

namespace confer {

namespace {

constexpr std::array<char, 8> magic = {'c', 'o', 'n', 'f', 'e', 'r', 'R', '6'};

struct Header {
  std::array<char, 8> magic;
  Index features, rows, zero_rows, value_bytes, rank_bytes, neighbours, neighbour_products, block, further, shifts;
  double median_distance;
};

struct Offsets {
  Index norms, shifts, units, samples, ranks, inner_products, neighbours, checksum;
};

Index aligned(Index at) { return (at + 63) / 64 * 64; }

/// What the codes of short values are, wherever they lie.
ShortSamples short_shape(Header const& h) {
  ShortSamples shape;
  shape.features = h.features;
  shape.samples = h.rows;
  shape.block = h.block;
  return shape;
}

Offsets offsets(Header const& h) {
  Offsets o{};
  o.norms = aligned(static_cast<Index>(sizeof(Header)));
  o.shifts = aligned(o.norms + h.rows * static_cast<Index>(sizeof(double)));
  o.units = aligned(o.shifts + h.shifts * static_cast<Index>(sizeof(float)));
  bool const codes = h.value_bytes == 2;
  o.samples = aligned(o.units + (codes ? short_shape(h).blocks() * static_cast<Index>(sizeof(float)) : 0));
  o.ranks = aligned(o.samples + (codes ? short_shape(h).code_count() : h.rows * h.features) * h.value_bytes);
  o.inner_products = aligned(o.ranks + h.rows * (h.rows - 1) / 2 * h.rank_bytes);
  // Products are with all that are listed, or with none.
  Index const listed = h.rows * (h.neighbours + h.further), products = h.neighbour_products > 0 ? listed : 0;
  o.neighbours = aligned(o.inner_products + products * static_cast<Index>(sizeof(double)));
  o.checksum = aligned(o.neighbours + listed * static_cast<Index>(sizeof(std::int32_t)));
  return o;
}

/// Writes in order, padded, and keeps the running checksum.
class Writer {
 public:
  explicit Writer(std::string const& path) : file_(path, PosixFile::Mode::write_new), state_(XXH3_createState()) {
    XXH3_64bits_reset(state_);
  }
  ~Writer() { XXH3_freeState(state_); }
  Writer(Writer const&) = delete;
  Writer& operator=(Writer const&) = delete;

  void write_at(Index offset, std::span<std::byte const> bytes) {
    std::array<std::byte, 64> const zeros{};
    if (offset > at_) append(std::span(zeros).first(static_cast<std::size_t>(offset - at_)));
    append(bytes);
  }
  void finish(Index offset) {
    write_at(offset, {});
    XXH64_hash_t const sum = XXH3_64bits_digest(state_);
    file_.write(&sum, sizeof sum);
  }

 private:
  void append(std::span<std::byte const> bytes) {
    file_.write(bytes.data(), bytes.size());
    XXH3_64bits_update(state_, bytes.data(), bytes.size());
    at_ += static_cast<Index>(bytes.size());
  }
  PosixFile file_;
  XXH3_state_t* state_;
  Index at_ = 0;
};

[[noreturn]] void other_precision() {
  throw EnvironmentError("prepared rows have another precision", "they were changed by another job",
                         "start again with --fresh");
}

bool plausible(Header const& header, Index file_bytes) {
  if (header.magic != magic || header.features < 0 || header.rows < 0 || header.block < 0 || header.further < 0 ||
      (header.shifts != 0 && header.shifts != header.rows))
    return false;
  if (header.features > 0 && header.rows > file_bytes / header.features) return false;
  return offsets(header).checksum + static_cast<Index>(sizeof(XXH64_hash_t)) == file_bytes;
}

}  // namespace

std::string to_string(RowForm form) {
  constexpr std::array<char const*, 4> names = {"centred", "unit", "correlation", "clamped"};
  return names.at(static_cast<std::size_t>(form));
}

struct MappedRows::State {
  explicit State(std::string const& path) {
    int const descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) fail(path);
    bytes = static_cast<std::size_t>(std::max<::off_t>(0, ::lseek(descriptor, 0, SEEK_END)));
    data = bytes < sizeof(Header) ? MAP_FAILED : ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, descriptor, 0);
    int const error = bytes < sizeof(Header) ? EINVAL : errno;
    ::close(descriptor);
    if (data == MAP_FAILED) {
      errno = error;
      fail(path);
    }
    std::memcpy(&header, data, sizeof header);
    if (!plausible(header, static_cast<Index>(bytes))) {
      ::munmap(data, bytes);
      throw EnvironmentError("'" + path + "' is damaged", "it was changed by another job", "start again with --fresh");
    }
    facts = {header.features,           header.rows,        header.median_distance, header.zero_rows,
             header.value_bytes,        header.rank_bytes,  header.neighbours,
             header.neighbour_products, header.block,       header.further};
  }
  ~State() { ::munmap(data, bytes); }
  State(State const&) = delete;
  State& operator=(State const&) = delete;

  [[noreturn]] static void fail(std::string const& path) {
    throw EnvironmentError("cannot read '" + path + "'", std::strerror(errno), "");
  }
  std::byte const* at(Index offset) const { return static_cast<std::byte const*>(data) + offset; }

  void* data = nullptr;
  std::size_t bytes = 0;
  Header header{};
  RowFacts facts;
};

MappedRows::MappedRows(std::string const& path) : state_(std::make_unique<State>(path)) {}
MappedRows::~MappedRows() = default;
MappedRows::MappedRows(MappedRows&&) noexcept = default;
MappedRows& MappedRows::operator=(MappedRows&&) noexcept = default;

RowFacts const& MappedRows::facts() const { return state_->facts; }

template <class T>
MatrixView<T const> MappedRows::samples() const {
  auto const& h = state_->header;
  if (h.value_bytes != static_cast<Index>(sizeof(T))) other_precision();
  return {reinterpret_cast<T const*>(state_->at(offsets(h).samples)), h.features, h.rows, std::max<Index>(h.features, 1)};
}
template MatrixView<float const> MappedRows::samples() const;
template MatrixView<double const> MappedRows::samples() const;

ShortSamples MappedRows::short_samples() const {
  auto const& h = state_->header;
  if (h.value_bytes != 2 || h.block == 0) other_precision();
  ShortSamples samples = short_shape(h);
  samples.units = reinterpret_cast<float const*>(state_->at(offsets(h).units));
  samples.codes = reinterpret_cast<std::int16_t const*>(state_->at(offsets(h).samples));
  return samples;
}

std::span<double const> MappedRows::squared_norms() const {
  auto const& h = state_->header;
  return {reinterpret_cast<double const*>(state_->at(offsets(h).norms)), static_cast<std::size_t>(h.rows)};
}

std::span<float const> MappedRows::distance_shifts() const {
  auto const& h = state_->header;
  return {reinterpret_cast<float const*>(state_->at(offsets(h).shifts)), static_cast<std::size_t>(h.shifts)};
}

template <class U>
U const* MappedRows::ranks() const {
  auto const& h = state_->header;
  if (h.rank_bytes != static_cast<Index>(sizeof(U)))
    throw EnvironmentError("prepared rows have no such ranks", "they were changed by another job",
                           "start again with --fresh");
  return reinterpret_cast<U const*>(state_->at(offsets(h).ranks));
}
template std::uint16_t const* MappedRows::ranks() const;
template std::uint32_t const* MappedRows::ranks() const;

std::span<std::int32_t const> MappedRows::neighbours() const {
  auto const& h = state_->header;
  return {reinterpret_cast<std::int32_t const*>(state_->at(offsets(h).neighbours)),
          static_cast<std::size_t>(h.rows * h.neighbours)};
}

std::span<double const> MappedRows::inner_products() const {
  auto const& h = state_->header;
  return {reinterpret_cast<double const*>(state_->at(offsets(h).inner_products)),
          static_cast<std::size_t>(h.rows * h.neighbour_products)};
}

std::span<std::int32_t const> MappedRows::further_neighbours() const {
  auto const& h = state_->header;
  return {reinterpret_cast<std::int32_t const*>(state_->at(offsets(h).neighbours)) + h.rows * h.neighbours,
          static_cast<std::size_t>(h.rows * h.further)};
}

std::span<double const> MappedRows::further_inner_products() const {
  auto const& h = state_->header;
  return {reinterpret_cast<double const*>(state_->at(offsets(h).inner_products)) + h.rows * h.neighbours,
          static_cast<std::size_t>(h.neighbour_products > 0 ? h.rows * h.further : 0)};
}

std::string RowStore::path(std::string const& name) const { return directory_ + "/" + name + ".rows"; }

void RowStore::put(std::string const& name, RowRecord const& record) const {
  RowFacts const& facts = record.facts;
  Header const header{magic,
                      facts.features,
                      facts.rows,
                      facts.zero_rows,
                      facts.value_bytes,
                      facts.rank_bytes,
                      facts.neighbours,
                      facts.neighbour_products,
                      facts.block,
                      facts.further,
                      std::ssize(record.distance_shifts),
                      facts.median_distance};
  Offsets const at = offsets(header);
  std::string const temporary = path(name) + "." + std::to_string(::getpid()) + ".tmp";
  try {
    Writer writer(temporary);
    writer.write_at(0, std::as_bytes(std::span(&header, 1)));
    writer.write_at(at.norms, std::as_bytes(std::span(record.squared_norms)));
    writer.write_at(at.shifts, std::as_bytes(std::span(record.distance_shifts)));
    writer.write_at(at.units, std::as_bytes(std::span(record.units)));
    writer.write_at(at.samples, record.samples);
    writer.write_at(at.ranks, record.ranks);
    writer.write_at(at.inner_products, std::as_bytes(std::span(record.inner_products)));
    writer.write_at(at.neighbours, std::as_bytes(std::span(record.neighbours)));
    writer.finish(at.checksum);
    std::filesystem::rename(temporary, path(name));
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw;
  }
}

bool RowStore::holds(std::string const& name) const {
  if (!std::filesystem::exists(path(name))) return false;
  try {
    PosixFile const file(path(name), PosixFile::Mode::read);
    Header header{};
    file.read_at(0, &header, sizeof header);
    if (plausible(header, file.size())) {
      std::string bytes = export_file(name);
      auto const end = static_cast<std::size_t>(offsets(header).checksum);
      XXH64_hash_t expected = 0;
      std::memcpy(&expected, bytes.data() + end, sizeof expected);
      if (XXH3_64bits(bytes.data(), end) == expected) return true;
    }
  } catch (std::exception const&) {
    // Falls through: what cannot be read is damaged.
  }
  std::error_code ignored;
  std::filesystem::remove(path(name), ignored);
  return false;
}

MappedRows RowStore::map(std::string const& name) const { return MappedRows(path(name)); }

std::string RowStore::export_file(std::string const& name) const {
  PosixFile const file(path(name), PosixFile::Mode::read);
  std::string bytes(static_cast<std::size_t>(file.size()), '\0');
  file.read_at(0, bytes.data(), bytes.size());
  return bytes;
}

void RowStore::import_file(std::string const& name, std::string const& bytes) const {
  std::string const temporary = path(name) + "." + std::to_string(::getpid()) + ".tmp";
  PosixFile(temporary, PosixFile::Mode::write_new).write(bytes.data(), bytes.size());
  std::filesystem::rename(temporary, path(name));
}

}  // namespace confer
