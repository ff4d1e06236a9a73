#include "confer/io/basis_writer.hpp"

#include <xxhash.h>

#include <filesystem>
#include <map>

#include "confer/io/basis_store.hpp"
#include "io/basis_file.hpp"

namespace confer {

namespace {

/// A checksum that grows with what is written.
class Checksum {
 public:
  Checksum() : state_(XXH3_createState()) { XXH3_64bits_reset(state_); }
  ~Checksum() { XXH3_freeState(state_); }
  Checksum(Checksum const&) = delete;
  Checksum& operator=(Checksum const&) = delete;

  void add(void const* data, std::size_t bytes) { XXH3_64bits_update(state_, data, bytes); }
  std::uint64_t value() const { return XXH3_64bits_digest(state_); }

 private:
  XXH3_state_t* state_;
};

BasisHeader header_of(BasisShape const& s, Index summary_bytes) {
  return {basis_magic, s.value_bytes, s.rows, s.kept, s.features, s.band_rows, s.feature_range, s.row_norms ? 1 : 0,
          summary_bytes};
}

}  // namespace

struct BasisWriter::State {
  std::string path, temporary;
  BasisShape shape;
  BasisOffsets at;
  PosixFile file;
  bool owns;
  std::map<Index, std::uint64_t> sums;

  State(std::string name, std::string const& token, BasisShape const& s, Role role)
      : path(std::move(name)),
        temporary(path + "." + token + ".tmp"),
        shape(s),
        at(s),
        file(temporary, role == Role::creates ? PosixFile::Mode::write_new : PosixFile::Mode::update),
        owns(role == Role::creates) {}
  ~State() {
    std::error_code ignored;
    if (owns) std::filesystem::remove(temporary, ignored);
  }
  State(State const&) = delete;
  State& operator=(State const&) = delete;

  template <class T>
  void write_matrix(Index offset, MatrixView<T const> values, Checksum& sum) {
    auto const write = [&](T const* data, Index count) {
      auto const bytes = static_cast<std::size_t>(count) * sizeof(T);
      file.write_at(offset, data, bytes);
      sum.add(data, bytes);
      offset += static_cast<Index>(bytes);
    };
    if (values.ld == values.rows) return write(values.data, values.rows * values.cols);
    for (Index j = 0; j < values.cols; ++j) write(values.column(j), values.rows);
  }

  template <class T>
  void write_band(Index band, MatrixView<T const> values, std::span<double const> norms) {
    Checksum sum;
    file.write_at(at.norms_of(shape, band), norms.data(), norms.size_bytes());
    sum.add(norms.data(), norms.size_bytes());
    write_matrix(at.band(shape, band), values, sum);
    sums[band] = sum.value();
  }

  template <class T>
  void write_loadings(Index range, MatrixView<T const> values) {
    Checksum sum;
    write_matrix(at.loadings_of(shape, range), values, sum);
    sums[shape.bands() + range] = sum.value();
  }
};

BasisWriter::BasisWriter(BasisStore const& store, std::string const& key, std::string const& token,
                         BasisShape const& shape, Role role)
    : state_(std::make_unique<State>(basis_path(store.directory(), key), token, shape, role)) {}
BasisWriter::~BasisWriter() = default;
BasisWriter::BasisWriter(BasisWriter&&) noexcept = default;

BasisShape const& BasisWriter::shape() const { return state_->shape; }

void BasisWriter::write_band(Index band, MatrixView<float const> values, std::span<double const> norms) {
  state_->write_band(band, values, norms);
}
void BasisWriter::write_band(Index band, MatrixView<double const> values, std::span<double const> norms) {
  state_->write_band(band, values, norms);
}
void BasisWriter::read_band(Index band, MatrixView<float> values) const {
  state_->file.read_at(state_->at.band(state_->shape, band), values.data,
                       static_cast<std::size_t>(values.rows * values.cols) * sizeof(float));
}
void BasisWriter::read_band(Index band, MatrixView<double> values) const {
  state_->file.read_at(state_->at.band(state_->shape, band), values.data,
                       static_cast<std::size_t>(values.rows * values.cols) * sizeof(double));
}
void BasisWriter::read_norms(Index band, std::span<double> norms) const {
  state_->file.read_at(state_->at.norms_of(state_->shape, band), norms.data(), norms.size_bytes());
}
void BasisWriter::write_loadings(Index range, MatrixView<float const> values) { state_->write_loadings(range, values); }
void BasisWriter::write_loadings(Index range, MatrixView<double const> values) { state_->write_loadings(range, values); }

std::vector<std::pair<Index, std::uint64_t>> BasisWriter::checksums() const {
  return {state_->sums.begin(), state_->sums.end()};
}

void BasisWriter::finish(FactorSummary const& summary,
                         std::vector<std::pair<Index, std::uint64_t>> const& of_others) {
  State& s = *state_;
  for (auto const& [piece, sum] : of_others) s.sums[piece] = sum;
  std::vector<std::uint64_t> table(static_cast<std::size_t>(s.shape.bands() + s.shape.feature_ranges()), 0);
  for (auto const& [piece, sum] : s.sums) table.at(static_cast<std::size_t>(piece)) = sum;
  std::string const text = to_json(summary);
  BasisHeader const header = header_of(s.shape, static_cast<Index>(text.size()));
  std::size_t const table_bytes = table.size() * sizeof(std::uint64_t);
  Checksum whole;
  whole.add(&header, sizeof header);
  whole.add(table.data(), table_bytes);
  whole.add(text.data(), text.size());
  std::uint64_t const sum = whole.value();
  s.file.write_at(0, &header, sizeof header);
  s.file.write_at(s.at.checksums, table.data(), table_bytes);
  s.file.write_at(s.at.summary, text.data(), text.size());
  s.file.write_at(s.at.summary + static_cast<Index>(text.size()), &sum, sizeof sum);
  std::filesystem::rename(s.temporary, s.path);
  s.owns = false;
}

}  // namespace confer
