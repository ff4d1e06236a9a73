/// The activations of one representation as a matrix, by rows or by columns, prepared as an analysis asks.
#pragma once

#include <optional>
#include <string>

#include "confer/io/activation_reader.hpp"
#include "confer/linalg/factor.hpp"
#include "confer/model/catalog.hpp"
#include "confer/model/config.hpp"
#include "confer/model/representation.hpp"

namespace confer {

/// Values of a representation that are not finite; thrown once all of them have been seen.
struct BadValues {
  StoredValues seen;
};

/// What is computed of a factor beyond the singular values: loadings, or also the basis in double precision.
enum class FactorDetail { loadings, basis };

/// Reads a small matrix once, when it is first needed, and keeps it; reads a large one again for every pass.
class ActivationMatrix {
 public:
  /// kept_bytes: a tall matrix of more is read again for every pass. files: when there are any, the shards are opened
  /// there; they must outlive the matrix.
  ActivationMatrix(Catalog const& catalog, Representation const& representation, AlignPreprocess preprocess,
                   Index kept_bytes, OpenFiles* files = nullptr);

  Index rows() const { return representation_.rows(); }
  Index features() const { return representation_.features + (preprocess_ == AlignPreprocess::demo ? 1 : 0); }

  /// Rows [begin, begin + out.cols): features x count.
  void read_rows(Index begin, MatrixView<double> out);

  /// Stands for shape and values: equal texts, equal matrices. Empty for a matrix that is not kept.
  std::string content();

  /// Its factor. Of a wide matrix with `outputs` (rows x any number) the projections of these, and no loadings: all of
  /// them would take longer than the rest. Throws BadValues, InputError.
  Factor factor(RankRule const& rule, FactorDetail detail = FactorDetail::loadings,
                MatrixView<double const> outputs = {});

 private:
  void read_samples(Index begin, Index count, MatrixView<double> out);
  void read_values(Index begin, Index count, MatrixView<double> out);
  bool is_small() const;
  void hold();
  StoredNorm stored() const;

  Representation const& representation_;
  AlignPreprocess preprocess_;
  Index kept_bytes_;
  ActivationReader reader_;
  std::optional<Matrix<double>> all_;
  Matrix<double> buffer_, plain_;
  StoredValues seen_;
  Index seen_samples_ = 0;
};

}  // namespace confer
