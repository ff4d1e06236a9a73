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

void gram(Index k, Index columns, double const* x_data, double* packed) {
  Index const rows = padded_rows(k);
  Vec const* const x = vectors(x_data);
  Vec* const triangle = vectors(packed);
  for (Index j0 = 0; j0 < k; j0 += tile_cols) {
    for (Index i0 = j0 / tile_rows * tile_rows; i0 < k; i0 += tile_rows) {
      Vec sum[tile_rows][tile_cols] = {};
      auto const for_stored = [&](auto each) {
        for (Index j = j0; j < j0 + tile_cols && j < k; ++j) {
          Vec* const column = triangle + j * (2 * k - j - 1) / 2;
          for (Index i = i0 > j ? i0 : j; i < i0 + tile_rows && i < k; ++i) each(column[i], sum[i - i0][j - j0]);
        }
      };
      // Continuing the stored sums, not adding to them, makes the result independent of where x was cut.
      for_stored([](Vec& stored, Vec& running) { running = stored; });
      Vec const* row = x;
      for (Index t = 0; t < columns; ++t, row += rows) {
        Vec right[tile_cols];
#pragma GCC unroll 8
        for (Index j = 0; j < tile_cols; ++j) right[j] = row[j0 + j];
#pragma GCC unroll 8
        for (Index i = 0; i < tile_rows; ++i) {
          Vec const left = row[i0 + i];
#pragma GCC unroll 8
          for (Index j = 0; j < tile_cols; ++j) sum[i][j] += left * right[j];
        }
      }
      for_stored([](Vec& stored, Vec& running) { stored = running; });
    }
  }
}

}  // namespace
}  // namespace confer
