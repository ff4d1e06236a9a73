/// Interleaving of blocks and their Gram matrices. Included by lane_kernels_<isa>.cpp only (see lane_vector.hpp).
#pragma once

#include "linalg/lane_vector.hpp"

namespace confer {
namespace {

// Accumulators of one tile of the Gram matrix: as many as leave registers for two operands.
constexpr Index tile_rows = lanes == 8 ? 6 : 4, tile_cols = lanes == 8 ? 4 : 3;

Index padded_rows(Index k) { return (k + tile_rows - 1) / tile_rows * tile_rows; }

template <class T>
void interleave(LaneSource<T> const* sources, Index k, Index begin, Index end, double* x) {
  Index const rows = padded_rows(k);
  for (Index lane = 0; lane < lanes; ++lane) {
    auto const& source = sources[lane];
    for (Index t = begin; t < end; ++t) {
      double* const to = x + (t - begin) * rows * lanes + lane;
      Index const live = t < source.inner ? source.k : 0;
      if (live > 0) {
        T const* const from = source.data + t * source.stride_t;
        double const scale = source.scale_t == nullptr ? 1.0 : source.scale_t[t];
        if (source.scale_k == nullptr && source.scale_t == nullptr)
          for (Index i = 0; i < live; ++i) to[i * lanes] = static_cast<double>(from[i * source.stride_k]);
        else if (source.scale_k == nullptr)
          for (Index i = 0; i < live; ++i) to[i * lanes] = static_cast<double>(from[i * source.stride_k]) * scale;
        else
          for (Index i = 0; i < live; ++i)
            to[i * lanes] = static_cast<double>(from[i * source.stride_k]) * source.scale_k[i] * scale;
      }
      for (Index i = live; i < rows; ++i) to[i * lanes] = 0;
    }
  }
}

void interleave_lower(double const* const* matrices, Index ld, Index k, double* packed) {
  for (Index lane = 0; lane < lanes; ++lane) {
    double* to = packed + lane;
    for (Index j = 0; j < k; ++j)
      for (Index i = j; i < k; ++i, to += lanes) *to = matrices[lane] == nullptr ? 0 : matrices[lane][i + j * ld];
  }
}

/// The tile of the packed lower triangle whose first element is (i0, j0): all of it, or what exists of it.
template <bool whole, class F>
inline void for_tile(Vec* packed, Index k, Index i0, Index j0, Vec (&sum)[tile_rows][tile_cols], F each) {
#pragma GCC unroll 8
  for (Index j = 0; j < tile_cols; ++j) {
    if (!whole && j0 + j >= k) return;
    Vec* const column = packed + (j0 + j) * (2 * k - j0 - j - 1) / 2 + i0;
#pragma GCC unroll 8
    for (Index i = 0; i < tile_rows; ++i)
      if (whole || (i0 + i >= j0 + j && i0 + i < k)) each(column[i], sum[i][j]);
  }
}

template <bool whole>
inline void gram_tile(Index k, Index columns, Vec const* x, Index rows, Index i0, Index j0, Vec* packed) {
  Vec sum[tile_rows][tile_cols] = {};
  // Continuing the stored sums, not adding to them, makes the result independent of where x was cut.
  for_tile<whole>(packed, k, i0, j0, sum, [](Vec& stored, Vec& running) { running = stored; });
  Vec const* left = x + i0;
  Vec const* right = x + j0;
  for (Index t = 0; t < columns; ++t, left += rows, right += rows) {
    Vec factor[tile_cols];
#pragma GCC unroll 8
    for (Index j = 0; j < tile_cols; ++j) factor[j] = right[j];
#pragma GCC unroll 8
    for (Index i = 0; i < tile_rows; ++i) {
      Vec const one = left[i];
#pragma GCC unroll 8
      for (Index j = 0; j < tile_cols; ++j) sum[i][j] += one * factor[j];
    }
  }
  for_tile<whole>(packed, k, i0, j0, sum, [](Vec& stored, Vec& running) { stored = running; });
}

void gram(Index k, Index columns, double const* x_data, double* packed_data) {
  Index const rows = padded_rows(k);
  Vec const* const x = vectors(x_data);
  Vec* const packed = vectors(packed_data);
  for (Index j0 = 0; j0 < k; j0 += tile_cols) {
    for (Index i0 = j0 / tile_rows * tile_rows; i0 < k; i0 += tile_rows) {
      if (i0 >= j0 + tile_cols - 1 && i0 + tile_rows <= k)
        gram_tile<true>(k, columns, x, rows, i0, j0, packed);
      else
        gram_tile<false>(k, columns, x, rows, i0, j0, packed);
    }
  }
}

}  // namespace
}  // namespace confer
