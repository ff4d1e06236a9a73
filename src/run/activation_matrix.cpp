#include "run/activation_matrix.hpp"

#include <algorithm>
#include <string_view>

#include "confer/io/content_hash.hpp"
#include "confer/theory/alignment.hpp"

namespace confer {

namespace {

constexpr double chunk_bytes = 256 << 20;

void copy(MatrixView<double const> from, MatrixView<double> to) {
  for (Index j = 0; j < to.cols; ++j) std::copy_n(from.column(j), to.rows, to.column(j));
}

}  // namespace

ActivationMatrix::ActivationMatrix(Catalog const& catalog, Representation const& representation,
                                   AlignPreprocess preprocess, Index kept_bytes, OpenFiles* files)
    : representation_(representation),
      preprocess_(preprocess),
      kept_bytes_(kept_bytes),
      reader_(catalog, representation, chunk_bytes, files) {}

bool ActivationMatrix::is_small() const {
  return rows() * features() * static_cast<Index>(sizeof(double)) <= kept_bytes_;
}

void ActivationMatrix::hold() {
  if (all_) return;
  Matrix<double> whole(features(), rows());
  read_samples(0, representation_.samples, whole);
  all_ = std::move(whole);
}

void ActivationMatrix::read_samples(Index begin, Index count, MatrixView<double> out) {
  if (preprocess_ == AlignPreprocess::demo) {
    Index const columns = count * representation_.rows_per_sample;
    if (plain_.cols() < columns) plain_ = Matrix<double>(representation_.features, columns);
    auto const block = plain_.view().block(0, 0, representation_.features, columns);
    read_values(begin, count, block);
    demo_preprocess(block, out);
  } else {
    read_values(begin, count, out);
  }
}

void ActivationMatrix::read_values(Index begin, Index count, MatrixView<double> out) {
  // Counted on the first pass only; blocks of rows may share a sample with the block before.
  Index const known = std::clamp<Index>(seen_samples_ - begin, 0, count), per_sample = representation_.rows_per_sample;
  StoredValues again, seen;
  if (known > 0) reader_.read(begin, known, out.block(0, 0, out.rows, known * per_sample), again);
  if (known == count) return;
  reader_.read(begin + known, count - known, out.block(0, known * per_sample, out.rows, (count - known) * per_sample),
               seen);
  if (begin + known != seen_samples_) return;
  seen_.merge(seen);
  seen_samples_ += count - known;
}

void ActivationMatrix::read_rows(Index begin, MatrixView<double> out) {
  if (is_small()) hold();
  if (all_) return copy(all_->view().block(0, begin, out.rows, out.cols), out);
  Index const per_sample = representation_.rows_per_sample;
  Index const first = begin / per_sample, last = (begin + out.cols + per_sample - 1) / per_sample;
  if (per_sample == 1) return read_samples(first, last - first, out);
  Index const columns = (last - first) * per_sample;
  if (buffer_.cols() < columns) buffer_ = Matrix<double>(features(), columns);
  auto const whole = buffer_.view().block(0, 0, out.rows, columns);
  read_samples(first, last - first, whole);
  copy(whole.block(0, begin - first * per_sample, out.rows, out.cols), out);
}

std::string ActivationMatrix::content() {
  if (!is_small()) return "";
  if (auto key = reader_.stored_key(); !key.empty()) return key;
  hold();
  std::string_view const bytes(reinterpret_cast<char const*>(all_->data()),
                               static_cast<std::size_t>(all_->size()) * sizeof(double));
  return content_key(bytes) + " " + std::to_string(rows()) + "x" + std::to_string(features()) + "/" +
         std::to_string(representation_.rows_per_sample);
}

StoredNorm ActivationMatrix::stored() const {
  if (seen_.non_finite > 0) throw BadValues{seen_};
  return {seen_.sum_of_squares, static_cast<double>(seen_.count)};
}

Factor ActivationMatrix::factor(RankRule const& rule, FactorDetail detail, MatrixView<double const> outputs) {
  FactorOptions options;
  options.rule = rule;
  options.basis = options.exact = detail == FactorDetail::basis;
  options.stored = [this] { return stored(); };
  if (features() <= rows()) {
    RowSource source{rows(), rows(), features(), {}, {}, {}};
    source.read = [this](Index begin, MatrixView<double> out) { read_rows(begin, out); };
    return factor_rows(source, options);
  }
  hold();  // a wide matrix is needed by blocks of features, which only the whole of it gives
  ColumnSource source{rows(), features(), features(), {}, {}, {}, outputs};
  options.loadings = outputs.cols == 0;
  source.read = [this](Index begin, MatrixView<double> out) {
    copy(all_->view().block(begin, 0, out.rows, out.cols), out);
  };
  return factor_columns(source, options);
}

}  // namespace confer
