#include "confer/linalg/block_spectra.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "confer/linalg/dense.hpp"
#include "linalg/lane_kernels.hpp"

namespace confer {

namespace {

constexpr Index largest_block = 256;

LaneKernels const& best_kernels() { return *available_lane_kernels().back(); }

/// Memory for one group of G batches of W matrices, each at most k x k.
class Workspace {
 public:
  Workspace(LaneKernels const& kernels, Index k)
      : kernels_(kernels),
        panel_(std::clamp<Index>(l2_numbers / (kernels.padded_rows(k) * kernels.lanes), 16, 128)),
        columns_(kernels.lanes, (panel_ + 1) * kernels.padded_rows(k)),
        packed_(kernels.lanes, k * (k + 1) / 2),
        work_(kernels.lanes, 3 * k),
        diagonal_(stride(), k),
        subdiagonal_(stride(), k) {}

  /// Columns interleaved at a time.
  Index panel() const { return panel_; }
  Index group() const { return stride(); }
  double* columns() { return columns_.data(); }
  double* packed() { return packed_.data(); }
  void clear_packed(Index k) { std::fill_n(packed_.data(), k * (k + 1) / 2 * kernels_.lanes, 0.0); }
  void clear_tridiagonals() {
    std::fill_n(diagonal_.data(), diagonal_.size(), 0.0);
    std::fill_n(subdiagonal_.data(), subdiagonal_.size(), 0.0);
  }

  /// Tridiagonalises what packed() holds as batch `batch` of the group.
  void tridiagonalise(Index k, Index batch) {
    kernels_.tridiagonalise(k, packed_.data(), work_.data(), diagonal_.data() + batch * kernels_.lanes,
                            subdiagonal_.data() + batch * kernels_.lanes, stride());
  }

  void solve(Index k) {
    if (!kernels_.eigenvalues(k, diagonal_.data(), subdiagonal_.data()))
      throw std::runtime_error("the QL iteration did not converge");
  }

  /// The k eigenvalues of one matrix of the group, unsorted.
  void copy_values(Index matrix, Index k, double* values) const {
    for (Index i = 0; i < k; ++i) values[i] = diagonal_(matrix, i);
  }

 private:
  /// What a panel may take of the second-level cache: the Gram kernel reads it many times.
  static constexpr Index l2_numbers = 160 * 1024 / 8;
  Index stride() const { return kernels_.group * kernels_.lanes; }

  LaneKernels const& kernels_;
  Index panel_;
  Matrix<double> columns_, packed_, work_, diagonal_, subdiagonal_;
};

void descending_roots(double* values, Index k) {
  if (k > 0 && std::isnan(values[0])) return;
  for (Index i = 0; i < k; ++i) values[i] = std::sqrt(std::max(values[i], 0.0));
  std::sort(values, values + k, std::greater<>());
}

/// The block as a k x inner matrix with k <= inner.
template <class T>
LaneSource<T> small_side_first(ScaledBlock<T> const& block) {
  if (block.rows <= block.cols)
    return {block.data, block.rows, block.cols, 1, block.ld, block.row_scale, block.col_scale};
  return {block.data, block.cols, block.rows, block.ld, 1, block.col_scale, block.row_scale};
}

/// One block too large for lanes: Gram matrix by BLAS, in panels of bounded size, and LAPACK.
template <class T>
void large_singular_values(LaneSource<T> const& source, double* values) {
  Index const k = source.k;
  Index const panel = std::min<Index>(source.inner, std::max<Index>(k, 256));
  Matrix<double> columns(k, panel), product(k, k);
  for (Index begin = 0; begin < source.inner; begin += panel) {
    Index const count = std::min(panel, source.inner - begin);
    for (Index t = 0; t < count; ++t) {
      T const* const from = source.data + (begin + t) * source.stride_t;
      double const scale = source.scale_t == nullptr ? 1.0 : source.scale_t[begin + t];
      for (Index i = 0; i < k; ++i)
        columns(i, t) = static_cast<double>(from[i * source.stride_k]) *
                        (source.scale_k == nullptr ? scale : source.scale_k[i] * scale);
    }
    syrk_lower(1.0, columns.const_view().block(0, 0, k, count), Op::none, 1.0, product.view());
  }
  double trace = 0;
  for (Index i = 0; i < k; ++i) trace += product(i, i);
  if (!std::isfinite(trace)) {
    std::fill_n(values, k, std::numeric_limits<double>::quiet_NaN());
    return;
  }
  std::ranges::copy(eigvalsh(product.view()), values);
  for (Index i = 0; i < k; ++i) values[i] = std::sqrt(std::max(values[i], 0.0));
}

void interleave(LaneKernels const& kernels, LaneSource<float> const* sources, Index k, Index begin, Index end,
                double* x) {
  kernels.interleave_float(sources, k, begin, end, x);
}
void interleave(LaneKernels const& kernels, LaneSource<double> const* sources, Index k, Index begin, Index end,
                double* x) {
  kernels.interleave_double(sources, k, begin, end, x);
}

/// Gram matrices and their tridiagonal form of up to W blocks.
template <class T>
void reduce_batch(LaneKernels const& kernels, std::span<LaneSource<T> const> batch, Index position, Workspace& space) {
  std::vector<LaneSource<T>> sources(batch.begin(), batch.end());
  sources.resize(static_cast<std::size_t>(kernels.lanes));
  Index k = 0, inner = 0;
  for (auto const& source : batch) {
    k = std::max(k, source.k);
    inner = std::max(inner, source.inner);
  }
  space.clear_packed(k);
  for (Index begin = 0; begin < inner; begin += space.panel()) {
    Index const end = std::min(inner, begin + space.panel());
    interleave(kernels, sources.data(), k, begin, end, space.columns());
    kernels.gram(k, end - begin, space.columns(), space.packed());
  }
  space.tridiagonalise(k, position);
}

}  // namespace

std::vector<LaneKernels const*> available_lane_kernels() {
  std::vector<LaneKernels const*> kernels = {lane_kernels_generic()};
#if defined(__x86_64__)
  if (lane_kernels_avx2() != nullptr && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    kernels.push_back(lane_kernels_avx2());
  if (lane_kernels_avx512() != nullptr && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    kernels.push_back(lane_kernels_avx512());
#endif
  return kernels;
}

template <class T>
void block_singular_values_with(LaneKernels const& kernels, std::span<ScaledBlock<T> const> blocks,
                                std::span<double* const> values) {
  std::vector<LaneSource<T>> sources;
  std::vector<double*> targets;
  for (std::size_t m = 0; m < blocks.size(); ++m) {
    auto const source = small_side_first(blocks[m]);
    if (source.k > largest_block) {
      large_singular_values(source, values[m]);
    } else if (source.k > 0) {
      sources.push_back(source);
      targets.push_back(values[m]);
    }
  }
  if (sources.empty()) return;
  // Neighbours of about the same size waste least.
  std::vector<std::size_t> order(sources.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    return sources[a].k != sources[b].k ? sources[a].k > sources[b].k : sources[a].inner > sources[b].inner;
  });
  std::vector<LaneSource<T>> sorted;
  for (std::size_t m : order) sorted.push_back(sources[m]);

  Workspace space(kernels, sorted.front().k);
  auto const lanes = static_cast<std::size_t>(kernels.lanes);
  auto const group = static_cast<std::size_t>(space.group());
  for (std::size_t begin = 0; begin < sorted.size(); begin += group) {
    std::size_t const count = std::min(group, sorted.size() - begin);
    space.clear_tridiagonals();
    for (std::size_t at = 0; at < count; at += lanes)
      reduce_batch<T>(kernels, std::span(sorted).subspan(begin + at, std::min(lanes, count - at)),
                      static_cast<Index>(at / lanes), space);
    space.solve(sorted[begin].k);
    for (std::size_t at = 0; at < count; ++at) {
      Index const k = sorted[begin + at].k;
      double* const to = targets[order[begin + at]];
      space.copy_values(static_cast<Index>(at), k, to);
      descending_roots(to, k);
    }
  }
}

template void block_singular_values_with(LaneKernels const&, std::span<BlockView const>, std::span<double* const>);
template void block_singular_values_with(LaneKernels const&, std::span<ExactBlockView const>, std::span<double* const>);

void symmetric_spectra_with(LaneKernels const& kernels, Index k, Index count, double const* const* matrices, Index ld,
                            double* const* values) {
  if (k == 0 || count == 0) return;
  Workspace space(kernels, k);
  std::vector<double const*> batch(static_cast<std::size_t>(kernels.lanes));
  for (Index begin = 0; begin < count; begin += space.group()) {
    Index const end = std::min(count, begin + space.group());
    space.clear_tridiagonals();
    for (Index at = begin; at < end; at += kernels.lanes) {
      for (Index lane = 0; lane < kernels.lanes; ++lane)
        batch[static_cast<std::size_t>(lane)] = at + lane < end ? matrices[at + lane] : nullptr;
      kernels.interleave_lower(batch.data(), ld, k, space.packed());
      space.tridiagonalise(k, (at - begin) / kernels.lanes);
    }
    space.solve(k);
    for (Index m = begin; m < end; ++m) {
      space.copy_values(m - begin, k, values[m]);
      if (!std::isnan(values[m][0])) std::sort(values[m], values[m] + k);
    }
  }
}

void symmetric_spectra(Index k, Index count, double* const* matrices, Index ld, double* const* values) {
  if (k <= largest_block) {
    symmetric_spectra_with(best_kernels(), k, count, matrices, ld, values);
    return;
  }
  for (Index m = 0; m < count; ++m) {
    MatrixView<double> const matrix{matrices[m], k, k, ld};
    double sum = 0;
    for (Index j = 0; j < k; ++j)
      for (Index i = j; i < k; ++i) sum += std::abs(matrix(i, j));
    if (!std::isfinite(sum)) {
      std::fill_n(values[m], k, std::numeric_limits<double>::quiet_NaN());
      continue;
    }
    std::ranges::reverse_copy(eigvalsh(matrix), values[m]);
  }
}

void block_singular_values(std::span<BlockView const> blocks, std::span<double* const> values) {
  block_singular_values_with(best_kernels(), blocks, values);
}

void block_singular_values(std::span<ExactBlockView const> blocks, std::span<double* const> values) {
  block_singular_values_with(best_kernels(), blocks, values);
}

Index largest_batched_block() { return largest_block; }

}  // namespace confer
