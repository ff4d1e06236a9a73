#include "run/activation_source.hpp"

#include <algorithm>

namespace confer {

namespace {

LayerInfo const& layer_of(Catalog const& catalog, Representation const& r) {
  return catalog.checkpoints[static_cast<std::size_t>(r.checkpoint)].layers[static_cast<std::size_t>(r.layer)];
}

}  // namespace

Index window_value_bytes(LayerInfo const& layer, Representation const& r, ActivationPart::By by) {
  bool const averaged = (layer.has(Axis::time) && r.sequence == SequenceRule::mean) ||
                        ((layer.has(Axis::height) || layer.has(Axis::width)) && r.conv == ConvRule::mean);
  bool const single = layer.type == StoredType::float16 || layer.type == StoredType::float32;
  // Windows of samples are small: they spare the conversion instead.
  return by == ActivationPart::By::features && single && !averaged ? 4 : 8;
}

ActivationSource::ActivationSource(Catalog const& catalog, Representation const& representation,
                                   ActivationPart const& part)
    : representation_(representation), part_(part), reader_(catalog, representation, part.chunk_bytes) {
  part_.window = std::clamp<Index>(part.window, 1, std::max<Index>(part.count, 1));
  if (window_value_bytes(layer_of(catalog, representation), representation, part.by) == 4) window_ = Matrix<float>();
}

template <class T>
void ActivationSource::load(Matrix<T>& window) {
  bool const by_samples = part_.by == ActivationPart::By::samples;
  Index const rows = by_samples ? representation_.features : count_;
  Index const columns = by_samples ? count_ * representation_.rows_per_sample : representation_.rows();
  if (window.rows() != rows || window.cols() != columns) {
    window = Matrix<T>();  // the old one goes before the new one comes
    window = Matrix<T>(rows, columns, Uninitialised());
  }
  StoredValues seen;
  if (by_samples)
    reader_.read(part_.begin + begin_, count_, window.view(), seen);
  else
    reader_.read_features(0, representation_.samples, part_.begin + begin_, window.view(), seen);
  if (begin_ != seen_until_) return;  // counted in the first reading only
  seen_.merge(seen);
  seen_until_ += count_;
}

void ActivationSource::hold(Index position) {
  if (position >= begin_ && position < begin_ + count_) return;
  begin_ = position / part_.window * part_.window;
  count_ = std::min(part_.window, part_.count - begin_);
  std::visit([this](auto& window) { load(window); }, window_);
}

template <class T>
void ActivationSource::copy(Matrix<T> const& window, Index from_row, Index from_column, MatrixView<double> out) const {
  for (Index j = 0; j < out.cols; ++j)
    std::copy_n(window.view().column(from_column + j) + from_row, out.rows, out.column(j));
}

void ActivationSource::rows(Index begin, MatrixView<double> out) {
  Index const per_sample = representation_.rows_per_sample;
  if (begin == 0 && out.cols == part_.count * per_sample && seen_until_ == 0) {  // who reads all at once keeps it
    reader_.read(part_.begin, part_.count, out, seen_);
    seen_until_ = part_.count;
    return;
  }
  for (Index done = 0; done < out.cols;) {
    hold((begin + done) / per_sample);
    Index const from = begin + done - begin_ * per_sample;
    Index const count = std::min(out.cols - done, count_ * per_sample - from);
    std::visit([&](auto const& window) { copy(window, 0, from, out.block(0, done, out.rows, count)); }, window_);
    done += count;
  }
}

void ActivationSource::features(Index begin, MatrixView<double> out) {
  for (Index done = 0; done < out.rows;) {
    hold(begin + done);
    Index const from = begin + done - begin_;
    Index const count = std::min(out.rows - done, count_ - from);
    std::visit([&](auto const& window) { copy(window, from, 0, out.block(done, 0, count, out.cols)); }, window_);
    done += count;
  }
}

}  // namespace confer
