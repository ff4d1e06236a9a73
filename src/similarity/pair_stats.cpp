#include "confer/similarity/pair_stats.hpp"

#include <algorithm>
#include <utility>

#include "confer/linalg/dense.hpp"
#include "confer/similarity/canonical.hpp"

namespace confer {

namespace {

double at(std::span<double const> values, Index i) { return values[static_cast<std::size_t>(i)]; }

std::vector<double> squared_row_norms(PairWorkspace::Factor const& factor) {
  if (!factor.squared_row_norms.empty()) return {factor.squared_row_norms.begin(), factor.squared_row_norms.end()};
  std::vector<double> norms(static_cast<std::size_t>(factor.basis.rows));
  for (Index k = 0; k < factor.basis.cols; ++k)
    for (Index i = 0; i < factor.basis.rows; ++i) {
      double const x = factor.basis(i, k) * at(factor.singular_values, k);
      norms[static_cast<std::size_t>(i)] += x * x;
    }
  return norms;
}

double dot(std::vector<double> const& a, std::vector<double> const& b) {
  double total = 0;
  for (std::size_t i = 0; i < a.size(); ++i) total += a[i] * b[i];
  return total;
}

Side describe(PairWorkspace::Factor const& factor, std::vector<double> const& row_norms) {
  Side side{.rows = factor.basis.rows,
            .features = factor.features,
            .singular_values = factor.singular_values,
            .components = factor.components};
  for (double s : factor.singular_values) {
    side.total_variance += s * s;
    side.sum_fourth_powers += s * s * s * s;
  }
  side.sum_squared_row_norms = dot(row_norms, row_norms);
  return side;
}

/// Rounding lifts a cosine of 1 above 1; correlations are at most 1.
void cap_at_one(std::vector<double>& values) {
  for (double& value : values) value = std::min(value, 1.0);
}

}  // namespace

double PairStats::squared_cross_covariance() const {
  double total = 0;
  for (Index j = 0; j < cross.cols; ++j) {
    double column = 0;
    for (Index i = 0; i < cross.rows; ++i) {
      double const value = at(x.singular_values, i) * cross(i, j);
      column += value * value;
    }
    total += at(y.singular_values, j) * at(y.singular_values, j) * column;
  }
  return total;
}

PairWorkspace::PairWorkspace(Factor const& x, Factor const& y, unsigned needs) {
  auto const norms_x = squared_row_norms(x), norms_y = squared_row_norms(y);
  stats_.x = describe(x, norms_x);
  stats_.y = describe(y, norms_y);
  stats_.row_norm_product = dot(norms_x, norms_y);

  cross_ = Matrix<double>(x.basis.cols, y.basis.cols);
  gemm(1, x.basis, Op::transpose, y.basis, Op::none, 0, cross_);
  cross_transposed_ = Matrix<double>(cross_.cols(), cross_.rows());
  for (Index j = 0; j < cross_.cols(); ++j)
    for (Index i = 0; i < cross_.rows(); ++i) cross_transposed_(j, i) = cross_(i, j);
  if (needs & needs_weights) {
    CanonicalWeights weights = canonical_weights(cross_, x.loadings, y.loadings);
    canonical_ = std::move(weights.correlations);
    weights_x_ = std::move(weights.weights_x);
    weights_y_ = std::move(weights.weights_y);
  } else if (needs & needs_canonical) {
    canonical_ = singular_values(cross_);
  }
  if (needs & needs_truncated) truncated_ = singular_values(cross_.view().block(0, 0, x.components, y.components));
  if (needs & needs_nuclear) {
    Matrix<double> scaled = cross_;
    for (Index j = 0; j < scaled.cols(); ++j)
      for (Index i = 0; i < scaled.rows(); ++i) scaled(i, j) *= at(x.singular_values, i) * at(y.singular_values, j);
    nuclear_ = singular_values(scaled);
  }
  if (needs & needs_means) {
    auto const side = [](Factor const& f) { return GoogleSide<double>{f.singular_values, f.loadings, 1, f.means}; };
    auto const weights = [&](bool by_row) {
      if (by_row ? x.basis.cols > y.basis.cols : y.basis.cols > x.basis.cols) return std::vector<double>();
      return by_row ? google_weights<double>(cross_, side(x), side(y), x.basis.rows)
                    : google_weights<double>(cross_transposed_, side(y), side(x), x.basis.rows);
    };
    google_weights_ = weights(x.features <= y.features);
    google_weights_backward_ = weights(x.features < y.features);
  }
  cap_at_one(canonical_);
  cap_at_one(truncated_);

  stats_.cross = cross_.const_view();
  stats_.canonical_correlations = canonical_;
  stats_.truncated_correlations = truncated_;
  stats_.cross_covariance_values = nuclear_;
  stats_.canonical_weights = weights_x_;
  stats_.canonical_weights_column = weights_y_;
  stats_.google_weights = google_weights_;
  transposed_ = stats_;
  std::swap(transposed_.x, transposed_.y);
  transposed_.cross = cross_transposed_.const_view();
  std::swap(transposed_.canonical_weights, transposed_.canonical_weights_column);
  transposed_.google_weights = google_weights_backward_;
}

}  // namespace confer
