/// Reads the activations of one representation, block of samples by block of samples, in the layout it asks for.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "confer/io/open_files.hpp"
#include "confer/linalg/matrix.hpp"
#include "confer/model/catalog.hpp"
#include "confer/model/representation.hpp"

namespace confer {

/// What was seen in the values as stored, before any averaging.
struct StoredValues {
  double sum_of_squares = 0;
  Index count = 0;
  Index non_finite = 0;
  std::string first_non_finite;             ///< "sample 7, neuron 3"
  std::array<Index, 5> first_position = {};  ///< of that value: sample, time, channel, height, width

  /// Adds what another block saw.
  void merge(StoredValues const& other);
};

/// Opens the shards it needs and keeps them open. Errors are InputError naming file and dataset.
class ActivationReader {
 public:
  /// chunk_bytes: decompressed chunks that may be held, so that blocks may end inside of them.
  /// files: when there are any, the shards are opened there; they must outlive the reader.
  ActivationReader(Catalog const& catalog, Representation const& representation, double chunk_bytes = 256 << 20,
                   OpenFiles* files = nullptr);
  ~ActivationReader();
  ActivationReader(ActivationReader&&) noexcept;

  /// Reads samples [begin, begin + count), counted from the representation's first sample, into
  /// `out`: features x (count * rows_per_sample), one column per row of the activation matrix.
  /// Conv positions come as (height, width) with width fastest; flattened features as (channel, height, width).
  void read(Index begin, Index count, MatrixView<double> out, StoredValues& seen);
  void read(Index begin, Index count, MatrixView<float> out, StoredValues& seen);

  /// The same for features [feature, feature + out.rows) alone; only these are read from the file.
  void read_features(Index begin, Index count, Index feature, MatrixView<double> out, StoredValues& seen);
  void read_features(Index begin, Index count, Index feature, MatrixView<float> out, StoredValues& seen);

  /// Stands for all values that `read` gives: equal texts, equal values. Made of the bytes as stored, which takes a small
  /// part of the time of reading. Empty where the file does not let them be had.
  std::string stored_key();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace confer
