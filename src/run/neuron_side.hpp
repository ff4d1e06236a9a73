/// One representation as `match` sees it: neurons that vary, standardised, in blocks of samples; second moments of the
/// samples that are fitted to and of those held out.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "confer/io/activation_reader.hpp"
#include "confer/linalg/matrix.hpp"
#include "confer/model/catalog.hpp"
#include "confer/model/factor_summary.hpp"
#include "confer/model/representation.hpp"
#include "confer/similarity/neurons.hpp"

namespace confer {

/// Sums over half of the samples: rows, neurons, products of neurons with neurons. Half 0, the samples with even
/// numbers, is fitted to; half 1 is held out.
struct HalfMoments {
  Index rows = 0;
  std::vector<double> sum;
  Matrix<double> products;  ///< both triangles
};

/// Rows of a representation in blocks of whole samples. Within a block the rows of fitted samples come first. The
/// blocks depend on the shape alone, so that two sides of a pair have the same. What is held are the values as read, in
/// single precision where that holds them exactly; they are standardised a block at a time, while it is in the cache.
class NeuronSide {
 public:
  /// Activations that are held; larger ones are read again for every pass. Not a matter of the memory there is, so that
  /// results are the same everywhere.
  static constexpr Index usually_kept = Index{192} << 20;

  /// Reads the values once. Throws BadValues, InputError. Catalog and representation must outlive it.
  NeuronSide(Catalog const& catalog, Representation const& representation, Index kept_bytes = usually_kept);

  Index rows() const { return representation_.rows(); }
  Index features() const { return representation_.features; }
  Index live() const { return static_cast<Index>(moments_.live.size()); }
  std::vector<Index> const& live_neurons() const { return moments_.live; }
  std::vector<double> const& means() const { return moments_.mean; }  ///< of all neurons
  double deviation(Index live_neuron) const;  ///< standard deviation of the live_neuron-th one that varies
  double mean(Index live_neuron) const;       ///< its mean

  Index blocks() const;
  Index block_rows(Index block) const;
  Index fitted_rows(Index block) const;
  /// live x rows of the block, each neuron of mean 0 and variance 1 over all rows. Valid until the next call.
  MatrixView<double const> block(Index block);
  /// The rows of the block in another order and from elsewhere: a fixed random relabelling of all rows. Of matrices too
  /// large to be held, blocks trade places and rows trade places within them.
  MatrixView<double const> shuffled_block(Index block);

  /// Sums over both halves; computed once.
  std::array<HalfMoments, 2> const& within();
  /// Correlations of the neurons with each other, live x live, both triangles.
  Matrix<double> correlations();

  /// What a representation that is held takes, for the caller's budget.
  double bytes() const;

 private:
  Index samples_per_block() const;
  Index first_row(Index block) const;
  template <class T>
  void take_in(Index kept_bytes, Matrix<T>& values);
  template <class T>
  void read_block(Index block, MatrixView<T> out, StoredValues& seen);
  template <class T>
  MatrixView<T const> raw_block(Index block, Matrix<T>& values);
  template <class T>
  void standardise_row(T const* row, double* out) const;
  template <class T>
  void place(MatrixView<T const> raw, MatrixView<double> out) const;
  MatrixView<double> scratch(Matrix<double>& matrix, Index count) const;

  Representation const& representation_;
  ActivationReader reader_;
  NeuronMoments moments_;
  std::vector<double> means_, scales_;  ///< of the live neurons
  bool held_ = false;
  std::variant<Matrix<double>, Matrix<float>> values_;  ///< as read, features x rows; of one block when not held
  Matrix<double> ordered_, shuffled_;
  std::vector<Index> permutation_;  ///< of rows, or of whole blocks
  std::optional<std::array<HalfMoments, 2>> within_;
};

/// Sums of products of two sides over each half, live a x live b.
std::array<Matrix<double>, 2> cross_products(NeuronSide& a, NeuronSide& b, std::function<void()> const& poll);

/// The same over all rows with the rows of b relabelled, divided by their number: correlations that chance produces.
Matrix<double> shuffled_correlations(NeuronSide& a, NeuronSide& b, std::function<void()> const& poll);

/// Correlations of two sides from their sums of products.
Matrix<double> cross_correlations(std::array<Matrix<double>, 2> const& products, Index rows);

}  // namespace confer
