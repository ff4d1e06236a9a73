#include "linalg/spectra_workspace.hpp"

#include <algorithm>
#include <stdexcept>

#include "confer/linalg/dense.hpp"

namespace confer {

namespace {

/// What an interleaved panel may take of the second-level cache: the Gram kernel reads it many times.
constexpr Index l2_numbers = 160 * 1024 / 8;
constexpr Index single_panel = 256;

}  // namespace

SpectraWorkspace::SpectraWorkspace(LaneKernels const& kernels, Index k, Layout layout)
    : kernels_(kernels),
      panel_(std::clamp<Index>(l2_numbers / (kernels.padded_rows(k) * kernels.lanes), 16, 128)),
      diagonal_(group(), k),
      subdiagonal_(group(), k) {
  if (layout == Layout::interleaved) {
    columns_ = Matrix<double>(kernels.lanes, (panel_ + 1) * kernels.padded_rows(k));
    matrix_ = Matrix<double>(kernels.lanes, k * (k + 1) / 2);
    work_ = Matrix<double>(kernels.lanes, 3 * k);
  } else {
    panel_ = single_panel;
    columns_ = Matrix<double>(k, panel_);
    matrix_ = Matrix<double>(padded(k), padded(k));
    work_ = Matrix<double>(padded(k), 5);
  }
}

void SpectraWorkspace::begin_group() {
  largest_ = 0;
  std::fill_n(diagonal_.data(), diagonal_.size(), 0.0);
  std::fill_n(subdiagonal_.data(), subdiagonal_.size(), 0.0);
}

template <class T>
void SpectraWorkspace::reduce_any(std::span<LaneSource<T> const> blocks, Index batch,
                                  void (*interleave)(LaneSource<T> const*, Index, Index, Index, double*)) {
  std::vector<LaneSource<T>> sources(blocks.begin(), blocks.end());
  sources.resize(static_cast<std::size_t>(kernels_.lanes));
  Index k = 0, inner = 0;
  for (auto const& source : blocks) {
    k = std::max(k, source.k);
    inner = std::max(inner, source.inner);
  }
  std::fill_n(matrix_.data(), k * (k + 1) / 2 * kernels_.lanes, 0.0);
  for (Index begin = 0; begin < inner; begin += panel_) {
    Index const end = std::min(inner, begin + panel_);
    interleave(sources.data(), k, begin, end, columns_.data());
    kernels_.gram(k, end - begin, columns_.data(), matrix_.data());
  }
  tridiagonalise(k, batch);
}

void SpectraWorkspace::reduce(std::span<LaneSource<float> const> blocks, Index batch) {
  reduce_any(blocks, batch, kernels_.interleave_float);
}

void SpectraWorkspace::reduce(std::span<LaneSource<double> const> blocks, Index batch) {
  reduce_any(blocks, batch, kernels_.interleave_double);
}

void SpectraWorkspace::reduce_symmetric(std::span<double const* const> matrices, Index ld, Index k, Index batch) {
  std::vector<double const*> lanes(matrices.begin(), matrices.end());
  lanes.resize(static_cast<std::size_t>(kernels_.lanes), nullptr);
  kernels_.interleave_lower(lanes.data(), ld, k, matrix_.data());
  tridiagonalise(k, batch);
}

template <class T>
void SpectraWorkspace::reduce_single_any(LaneSource<T> const& block, Index position) {
  Index const k = block.k, ld = padded(k);
  std::fill_n(matrix_.data(), ld * ld, 0.0);
  MatrixView<double> const product{matrix_.data(), k, k, ld};
  for (Index begin = 0; begin < block.inner; begin += panel_) {
    Index const count = std::min(panel_, block.inner - begin);
    for (Index t = 0; t < count; ++t) {
      T const* const from = block.data + (begin + t) * block.stride_t;
      double* const to = columns_.data() + t * k;
      double const scale = block.scale_t == nullptr ? 1.0 : block.scale_t[begin + t];
      for (Index i = 0; i < k; ++i)
        to[i] = static_cast<double>(from[i * block.stride_k]) *
                (block.scale_k == nullptr ? scale : block.scale_k[i] * scale);
    }
    syrk_lower(1.0, {columns_.data(), k, count, k}, Op::none, 1.0, product);
  }
  tridiagonalise_single(k, position);
}

void SpectraWorkspace::reduce_single(LaneSource<float> const& block, Index position) {
  reduce_single_any(block, position);
}

void SpectraWorkspace::reduce_single(LaneSource<double> const& block, Index position) {
  reduce_single_any(block, position);
}

void SpectraWorkspace::reduce_single_symmetric(double const* matrix, Index ld, Index k, Index position) {
  std::fill_n(matrix_.data(), padded(k) * padded(k), 0.0);
  for (Index j = 0; j < k; ++j) std::copy(matrix + j + j * ld, matrix + k + j * ld, matrix_.data() + j + j * padded(k));
  tridiagonalise_single(k, position);
}

void SpectraWorkspace::tridiagonalise(Index k, Index batch) {
  largest_ = std::max(largest_, k);
  kernels_.tridiagonalise(k, matrix_.data(), work_.data(), diagonal_.data() + batch * kernels_.lanes,
                          subdiagonal_.data() + batch * kernels_.lanes, group());
}

void SpectraWorkspace::tridiagonalise_single(Index k, Index position) {
  largest_ = std::max(largest_, k);
  kernels_.tridiagonalise_single(k, matrix_.data(), padded(k), work_.data(), diagonal_.data() + position,
                                 subdiagonal_.data() + position, group(), work_.data() + 4 * padded(k));
}

void SpectraWorkspace::solve(Index count) {
  Index const batches = (count + kernels_.lanes - 1) / kernels_.lanes;
  if (!kernels_.eigenvalues(largest_, batches, diagonal_.data(), subdiagonal_.data()))
    throw std::runtime_error("the QL iteration did not converge");
}

void SpectraWorkspace::copy_values(Index position, Index k, double* values) const {
  for (Index i = 0; i < k; ++i) values[i] = diagonal_(position, i);
}

}  // namespace confer
