#include "run/kernel_tiles.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "confer/linalg/dense.hpp"
#include "confer/linalg/pair_distances.hpp"
#include "confer/linalg/tile_functions.hpp"

namespace confer {

namespace {

template <class T>
std::vector<T> copy_as(auto const& values) {
  std::vector<T> copy;
  copy.reserve(values.size());
  for (auto const value : values) copy.push_back(static_cast<T>(value));
  return copy;
}

/// The samples that the rows of the tile stand for where samples are left out; empty: rows are samples.
std::span<Index const> chosen_of(std::span<Index const> left_out, KernelTile const& tile) {
  if (left_out.empty()) return {};
  return left_out.subspan(static_cast<std::size_t>(tile.row_begin), static_cast<std::size_t>(tile.rows));
}

/// What is known of the samples on the two sides of a tile.
template <class U>
class Sides {
 public:
  Sides(std::span<U const> norms, std::span<U const> shifts, KernelTile const& tile, std::span<Index const> chosen) {
    right_ = {part(norms, tile.col_begin, tile.cols), part(shifts, tile.col_begin, tile.cols)};
    left_ = {part(norms, tile.row_begin, tile.rows), part(shifts, tile.row_begin, tile.rows)};
    if (chosen.empty()) return;
    for (Index const row : chosen) {
      norms_.push_back(norms[static_cast<std::size_t>(row)]);
      if (!shifts.empty()) shifts_.push_back(shifts[static_cast<std::size_t>(row)]);
    }
    left_ = {norms_, shifts_};
  }
  Sides(Sides const&) = delete;
  Sides& operator=(Sides const&) = delete;

  TileSamples<U> const& left() const { return left_; }
  TileSamples<U> const& right() const { return right_; }

 private:
  static std::span<U const> part(std::span<U const> values, Index begin, Index count) {
    if (values.empty()) return {};
    // Where samples are left out rows are places among these, and replaced.
    auto const from = std::min(static_cast<std::size_t>(begin), values.size());
    return values.subspan(from, std::min(static_cast<std::size_t>(count), values.size() - from));
  }

  std::vector<U> norms_, shifts_;
  TileSamples<U> left_, right_;
};

/// U-centres the kernel of a batch (all of it, full) and weighs it with 1 / sqrt(m (m - 3)).
template <class T>
void u_centre(MatrixView<T> g) {
  auto const m = static_cast<double>(g.rows);
  std::vector<double> rows(static_cast<std::size_t>(g.rows), 0.0);
  double total = 0;
  for (Index j = 0; j < g.cols; ++j)
    for (Index i = 0; i < g.rows; ++i)
      if (i != j) rows[static_cast<std::size_t>(i)] += static_cast<double>(g(i, j));
  for (double const row : rows) total += row;
  double const weight = 1 / std::sqrt(m * (m - 3));
  for (Index j = 0; j < g.cols; ++j)
    for (Index i = 0; i < g.rows; ++i) {
      double const means = (rows[static_cast<std::size_t>(i)] + rows[static_cast<std::size_t>(j)]) / (m - 2);
      double const centred = static_cast<double>(g(i, j)) - means + total / ((m - 1) * (m - 2));
      g(i, j) = i == j ? T{0} : static_cast<T>(weight * centred);
    }
}

/// Of two samples that are both left out one pair is enough, and of a sample with itself none.
template <class T>
void drop_repeated(std::span<Index const> left_out, KernelTile const& tile, MatrixView<T> g) {
  auto const begin = std::lower_bound(left_out.begin(), left_out.end(), tile.col_begin);
  auto const end = std::lower_bound(begin, left_out.end(), tile.col_begin + tile.cols);
  for (auto at = begin; at != end; ++at) {
    Index const place = at - left_out.begin(), first = std::clamp<Index>(place - tile.row_begin, 0, tile.rows);
    std::fill(g.column(*at - tile.col_begin) + first, g.column(*at - tile.col_begin) + tile.rows, T{0});
  }
}

template <class U, class T>
void decode_ranks(std::span<Index const> chosen, MappedRows const& rows, KernelTile const& tile, MatrixView<T> out) {
  RankDecoder<U> const decode(rows.facts().rows);
  U const* codes = rows.ranks<U>();
  for (Index j = 0; j < tile.cols; ++j) {
    Index const col = tile.col_begin + j;
    if (chosen.empty()) {
      U const* column = codes + col * (col - 1) / 2 + tile.row_begin;
      Index const count = std::min(tile.rows, std::max<Index>(0, col - tile.row_begin));
      for (Index i = 0; i < count; ++i) out(i, j) = static_cast<T>(decode(column[i]));
      std::fill(out.column(j) + count, out.column(j) + tile.rows, T{0});
      continue;
    }
    for (Index i = 0; i < tile.rows; ++i) {
      Index const row = chosen[static_cast<std::size_t>(i)], first = std::min(row, col), second = std::max(row, col);
      out(i, j) = first == second ? T{0} : static_cast<T>(decode(codes[second * (second - 1) / 2 + first]));
    }
  }
}

/// Inner products of the samples of a tile that is one of all samples.
template <class T>
void whole_products(MappedRows const& rows, KernelTile const& tile, ProductPart diagonal, MatrixView<T> g) {
  bool const lower = diagonal == ProductPart::lower && tile.row_begin == tile.col_begin;
  if constexpr (std::is_same_v<T, float>)
    if (rows.facts().value_bytes == 2)
      return short_products(rows.short_samples(), tile.row_begin, tile.col_begin, g,
                            lower ? ProductPart::lower : ProductPart::all);
  auto const samples = rows.samples<T>();
  auto const left = samples.block(0, tile.row_begin, samples.rows, tile.rows);
  if (lower)
    syrk_lower(T{1}, left, Op::transpose, T{0}, g);
  else
    gemm(T{1}, left, Op::transpose, samples.block(0, tile.col_begin, samples.rows, tile.cols), Op::none, T{0}, g);
}

/// Of inner products; ranks and batches are no function of these alone.
template <class T>
void apply(TileFunction function, KernelConstants const& constants, Sides<T> const& sides, MatrixView<T> g) {
  auto const shift = static_cast<T>(constants.shift);
  auto const left = sides.left().squared_norms, right = sides.right().squared_norms;
  switch (function) {
    case TileFunction::gaussian:
      return gaussian_tile(g, left, right, static_cast<T>(constants.rate), shift);
    case TileFunction::distance:
      return distance_tile(g, sides.left(), sides.right());
    case TileFunction::squared_distance:
      return squared_distance_tile(g, left, right, shift);
    case TileFunction::complement:
      return complement_tile(g, shift);
    case TileFunction::inner_product:
    case TileFunction::rank:
    case TileFunction::u_centred:
      return;
  }
}

}  // namespace

template <class T>
TileRows<T>::TileRows(MappedRows mapped)
    : rows(std::move(mapped)),
      squared_norms(copy_as<T>(rows.squared_norms())),
      shifts(copy_as<T>(rows.distance_shifts())) {}

template <class T>
void TileMaker<T>::products(TileRows<T> const& rows, KernelTile const& tile, std::span<Index const> left_out,
                            ProductPart diagonal, MatrixView<T> g) {
  if (rows.wide()) return;
  if (left_out.empty())
    whole_products(rows.rows, tile, diagonal, g);
  else
    chosen_products_(rows.rows, chosen_of(left_out, tile), tile.col_begin, g);
}

template <class T>
void TileMaker<T>::make_kernel(KernelChoice const& choice, KernelConstants const& constants, TileRows<T> const& rows,
                               KernelTile const& tile, std::span<Index const> left_out, MatrixView<T> g) {
  auto const chosen = chosen_of(left_out, tile);
  if (choice.function == TileFunction::rank) {
    rows.facts().rank_bytes == 4 ? decode_ranks<std::uint32_t>(chosen, rows.rows, tile, g)
                                 : decode_ranks<std::uint16_t>(chosen, rows.rows, tile, g);
  } else if (rows.wide()) {
    if (wide_.size() < g.rows * g.cols) wide_ = Matrix<double>(g.rows * g.cols, 1);
    MatrixView<double> const w{wide_.data(), g.rows, g.cols, g.rows};
    if (chosen.empty())
      whole_products(rows.rows, tile, ProductPart::all, w);
    else
      wide_chosen_products_(rows.rows, chosen, tile.col_begin, w);
    std::vector<double> const shifts = copy_as<double>(rows.shifts);
    apply(choice.function, constants, Sides<double>(rows.rows.squared_norms(), shifts, tile, chosen), w);
    for (Index j = 0; j < g.cols; ++j)
      for (Index i = 0; i < g.rows; ++i) g(i, j) = static_cast<T>(w(i, j));
  } else {
    apply(choice.function, constants, Sides<T>(rows.squared_norms, rows.shifts, tile, chosen), g);
  }
  if (choice.function == TileFunction::u_centred) return u_centre(g);
  if (!left_out.empty()) return drop_repeated(left_out, tile, g);
  if (tile.row_begin == tile.col_begin && choice.function != TileFunction::rank) keep_strict_lower(g);
}

template struct TileRows<float>;
template struct TileRows<double>;
template class TileMaker<float>;
template class TileMaker<double>;

}  // namespace confer
