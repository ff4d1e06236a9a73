#include "confer/linalg/reweighted_factor.hpp"

#include <cmath>

#include "confer/linalg/dense.hpp"

namespace confer {

void WeightedMoments::add(MatrixView<double const> rows, std::span<double const> weights) {
  Matrix<double> scaled(rows.rows, rows.cols);
  std::vector<double> roots;
  for (double const w : weights) {
    weight += w;
    roots.push_back(std::sqrt(w));
  }
  for (Index j = 0; j < rows.cols; ++j) {
    double total = 0;
    for (Index i = 0; i < rows.rows; ++i) {
      scaled(i, j) = roots[static_cast<std::size_t>(i)] * rows(i, j);
      total += weights[static_cast<std::size_t>(i)] * rows(i, j);
    }
    sum[static_cast<std::size_t>(j)] += total;
  }
  syrk_lower(1.0, scaled, Op::transpose, 1.0, gram);
}

void WeightedMoments::add(WeightedMoments const& other) {
  weight += other.weight;
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += other.sum[i];
  for (Index i = 0; i < gram.size(); ++i) gram.data()[i] += other.gram.data()[i];
}

ReweightedFactor reweight(WeightedMoments const& moments, std::span<double const> singular_values, double cut) {
  // Of all that the rows hold: what missing rows leave of a direction is far above rounding, or nothing.
  constexpr double nothing = 1e-10;
  double all = 0;
  for (Index j = 0; j < moments.gram.cols(); ++j) all += moments.gram(j, j);
  auto const kept = static_cast<Index>(moments.sum.size());
  ReweightedFactor factor;
  for (double const total : moments.sum) factor.mean.push_back(total / moments.weight);
  Matrix<double> gram = moments.gram;
  for (Index j = 0; j < kept; ++j)
    for (Index i = j; i < kept; ++i)
      gram(i, j) -= moments.sum[static_cast<std::size_t>(i)] * factor.mean[static_cast<std::size_t>(j)];

  Eigen const eigen = eigh(gram);
  Index spanned = 0;
  while (spanned < kept && eigen.values[static_cast<std::size_t>(spanned)] > nothing * all) ++spanned;
  if (spanned == 0) return factor;
  Matrix<double> whitened(spanned, kept), whitening(kept, spanned);  // diag(sqrt d) E' diag(s), E diag(1 / sqrt d)
  for (Index i = 0; i < spanned; ++i) {
    double const root = std::sqrt(eigen.values[static_cast<std::size_t>(i)]);
    for (Index j = 0; j < kept; ++j) {
      whitened(i, j) = root * eigen.vectors(j, i) * singular_values[static_cast<std::size_t>(j)];
      whitening(j, i) = eigen.vectors(j, i) / root;
    }
  }
  Svd const turned = svd(whitened);
  for (double const s : turned.s)
    if (s > cut) factor.singular_values.push_back(s);
  Index const rank = factor.rank();
  factor.rotation = Matrix<double>(kept, rank);
  if (spanned == kept) {
    gemm(1.0, whitening, Op::none, turned.u.view().block(0, 0, spanned, rank), Op::none, 0.0, factor.rotation);
  } else {  // the same for rows with weight, and for others the projection in the space of the neurons
    for (Index i = 0; i < rank; ++i)
      for (Index j = 0; j < kept; ++j)
        factor.rotation(j, i) = singular_values[static_cast<std::size_t>(j)] * turned.vt(i, j) /
                                factor.singular_values[static_cast<std::size_t>(i)];
  }
  factor.loadings = Matrix<double>(rank, kept);
  for (Index i = 0; i < rank; ++i)
    for (Index j = 0; j < kept; ++j)
      factor.loadings(i, j) = factor.singular_values[static_cast<std::size_t>(i)] * turned.vt(i, j);
  return factor;
}

}  // namespace confer
