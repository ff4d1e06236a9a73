/// Affine maps from one embedding to another, fitted on some samples and judged on others.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "confer/linalg/matrix.hpp"

namespace confer {

enum class MapKind { identity, procrustes, linear, ridge };
std::vector<std::string> const& map_names();  ///< in the order of MapKind

/// What the fit sees: centred moments of the training samples.
struct MapMoments {
  MatrixView<double const> source;  ///< X'X, p x p, both triangles
  MatrixView<double const> target;  ///< Y'Y, q x q
  MatrixView<double const> cross;   ///< X'Y, p x q
  Index rows = 0;                   ///< n
};

struct EmbeddingMap {
  Matrix<double> weights;  ///< p x q: centred target = centred source times this
  double penalty = 0;      ///< of ridge, chosen by generalised cross-validation; 0 for the others
};

/// identity: neuron i to neuron i. procrustes: U V' of X'Y = U S V', a rotation after padding the narrower side with
/// zeros (Schoenemann 1966). linear: least squares of least norm. ridge: penalty lambda with the smallest
/// ||Y - X W||^2 / (1 - (1 + sum s^2/(s^2 + lambda))/n)^2 on a logarithmic grid (Golub, Heath and Wahba 1979).
EmbeddingMap fit_map(MapKind kind, MapMoments const& moments);

/// 1 - sum |y - x W|^2 / sum |y|^2 from moments of any samples, about the means of the training samples. `elsewhere`:
/// squared error in outputs that the moments leave out.
double map_r2(EmbeddingMap const& map, MapMoments const& moments, double elsewhere = 0);

/// Share of columns of `mapped` (q x n) whose most similar column of `gallery` (q x n, cosine) is their own (Rank-1),
/// and of those whose most similar one has their label. Ties count for the first.
struct Retrieval {
  double rank1 = 0;
  double same_class = 0;  ///< NaN without labels
};
Retrieval retrieve(MatrixView<double const> mapped, MatrixView<double const> gallery, std::span<Index const> labels);

}  // namespace confer
