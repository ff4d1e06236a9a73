/// The activations of a representation as a factor wants them: blocks of rows or of features, in bounded memory.
#pragma once

#include <variant>

#include "confer/io/activation_reader.hpp"
#include "confer/linalg/matrix.hpp"

namespace confer {

/// The part of a representation that a rank reads: a range of samples, or a range of features of all samples.
struct ActivationPart {
  enum class By { samples, features } by = By::samples;
  Index begin = 0, count = 0;
  Index window = 1;  ///< samples or features that are held at once; a part that fits is read once and kept
  double chunk_bytes = 256 << 20;  ///< decompressed chunks of the file that are held
};

/// Reads its part from front to back, as often as asked, a window at a time: each value once a time.
class ActivationSource {
 public:
  ActivationSource(Catalog const& catalog, Representation const& representation, ActivationPart const& part);

  /// Rows [begin, begin + out.cols) of a range of samples: features x rows.
  void rows(Index begin, MatrixView<double> out);
  /// Features [begin, begin + out.rows) of a range of features, over all rows.
  void features(Index begin, MatrixView<double> out);

  /// What was seen in the first reading.
  StoredValues const& seen() const { return seen_; }

 private:
  template <class T>
  void copy(Matrix<T> const& window, Index from_row, Index from_column, MatrixView<double> out) const;
  void hold(Index position);  // makes the window one that holds this sample or feature
  template <class T>
  void load(Matrix<T>& window);

  Representation const& representation_;
  ActivationPart part_;
  ActivationReader reader_;
  std::variant<Matrix<double>, Matrix<float>> window_;
  Index begin_ = 0, count_ = 0;  // what the window holds, counted from the part's beginning
  Index seen_until_ = 0;
  StoredValues seen_;
};

/// Bytes of a value in a window: single precision holds what was stored in it or in less.
Index window_value_bytes(LayerInfo const& layer, Representation const& representation, ActivationPart::By by);

}  // namespace confer
