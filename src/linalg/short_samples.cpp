// Compiled like tile_functions.cpp (CMakeLists.txt).
#include "confer/linalg/short_samples.hpp"

#include <algorithm>
#include <cmath>

#include "linalg/vector_clones.hpp"

namespace confer {

namespace {

constexpr Index smallest_block = 32, largest_block = 128;
constexpr float largest_code = 32767;
/// Of the codes of a sample in a block, before these are rounded: with rounding its square stays below 2^31.
constexpr float largest_norm = 46330;

CONFER_VECTOR_CLONES void encode(float const* values, float per_unit, Index count, std::int16_t* codes) {
  for (Index k = 0; k < count; ++k) {
    float const units = values[k] * per_unit;
    codes[k] = static_cast<std::int16_t>(static_cast<std::int32_t>(units + (units < 0 ? -0.5f : 0.5f)));
  }
}

/// Sum of squares of the codes of a block, which stays below 2^31.
CONFER_VECTOR_CLONES std::int32_t squared_norm(std::int16_t const* codes, Index count) {
  std::int32_t sum = 0;
  for (Index k = 0; k < count; ++k) sum += static_cast<std::int32_t>(codes[k]) * static_cast<std::int32_t>(codes[k]);
  return sum;
}

/// Sum of squares of what a block loses.
CONFER_VECTOR_CLONES float squared_loss(float const* values, std::int16_t const* codes, float unit, Index count) {
  constexpr Index strands = 16;
  float sums[strands] = {};
  Index begin = 0;
  for (; begin + strands <= count; begin += strands)
    for (Index k = 0; k < strands; ++k) {
      float const error = values[begin + k] - static_cast<float>(codes[begin + k]) * unit;
      sums[k] += error * error;
    }
  for (; begin < count; ++begin) {
    float const error = values[begin] - static_cast<float>(codes[begin]) * unit;
    sums[0] += error * error;
  }
  float total = 0;
  for (float const sum : sums) total += sum;
  return total;
}

/// Of a stretch of one sample: sum of squares and largest size.
struct Extent {
  float squares = 0, size = 0;
};

CONFER_VECTOR_CLONES Extent extent_of_smallest_block(float const* values) {
  constexpr Index strands = 8;
  float squares[strands] = {}, sizes[strands] = {};
  for (Index begin = 0; begin < smallest_block; begin += strands)
    for (Index k = 0; k < strands; ++k) {
      float const value = values[begin + k], size = std::fabs(value);
      squares[k] += value * value;
      sizes[k] = sizes[k] < size ? size : sizes[k];
    }
  Extent sum;
  for (Index k = 0; k < strands; ++k) sum = {sum.squares + squares[k], std::max(sum.size, sizes[k])};
  return sum;
}

Extent extent(float const* values, Index count) {
  if (count == smallest_block) return extent_of_smallest_block(values);
  Extent sum;
  for (Index k = 0; k < count; ++k) sum = {sum.squares + values[k] * values[k], std::max(sum.size, std::fabs(values[k]))};
  return sum;
}

/// Largest extents of blocks of 32, 64 and 128 features over all samples.
struct Extents {
  std::vector<Extent> by_block[3];

  explicit Extents(MatrixView<float const> samples) {
    Index const blocks = (samples.rows + smallest_block - 1) / smallest_block;
    std::vector<Extent> one(static_cast<std::size_t>(blocks));
    for (int level = 0; level < 3; ++level) by_block[level].resize(static_cast<std::size_t>((blocks + (1 << level) - 1) >> level));
    for (Index i = 0; i < samples.cols; ++i) {
      for (Index b = 0; b < blocks; ++b)
        one[static_cast<std::size_t>(b)] = extent(samples.column(i) + b * smallest_block,
                                                  std::min(smallest_block, samples.rows - b * smallest_block));
      std::size_t count = one.size();
      for (auto& largest : by_block) {
        for (std::size_t b = 0; b < count; ++b)
          largest[b] = {std::max(largest[b].squares, one[b].squares), std::max(largest[b].size, one[b].size)};
        for (std::size_t b = 0; b < count; b += 2)
          one[b / 2] = b + 1 < count ? Extent{one[b].squares + one[b + 1].squares, std::max(one[b].size, one[b + 1].size)}
                                     : one[b];
        count = (count + 1) / 2;
      }
      one.resize(static_cast<std::size_t>(blocks));
    }
  }
};

float unit_of(Extent const& largest) { return std::max(std::sqrt(largest.squares) / largest_norm, largest.size / largest_code); }

}  // namespace

ShortMatrix shorten(MatrixView<float const> samples, double tolerated) {
  ShortMatrix out;
  out.features = samples.rows;
  out.samples = samples.cols;
  Extents const extents(samples);
  for (int level = 2; level >= 0; --level) {
    out.block = smallest_block << level;
    out.units.clear();
    double squares = 0;
    for (std::size_t b = 0; b < extents.by_block[level].size(); ++b) {
      out.units.push_back(unit_of(extents.by_block[level][b]));
      auto const unit = static_cast<double>(out.units.back());
      squares += unit * unit / 12 * static_cast<double>(std::min(out.block, samples.rows - static_cast<Index>(b) * out.block));
    }
    if (squares <= tolerated * static_cast<double>(samples.rows)) break;
  }
  out.codes.assign(static_cast<std::size_t>(out.view().code_count()), 0);
  ShortSamples const at = out.view();
  std::vector<std::int16_t> codes(static_cast<std::size_t>(2 * at.pairs()), 0);
  for (Index i = 0; i < samples.cols; ++i) {
    double norm = 0, lost = 0;
    for (std::size_t b = 0; b < out.units.size(); ++b) {
      Index const begin = static_cast<Index>(b) * out.block;
      float const per_unit = out.units[b] > 0 && std::isfinite(1 / out.units[b]) ? 1 / out.units[b] : 0.0f;
      Index const count = std::min(out.block, samples.rows - begin);
      encode(samples.column(i) + begin, per_unit, count, codes.data() + begin);
      auto const unit = static_cast<double>(out.units[b]);
      norm += unit * unit * static_cast<double>(squared_norm(codes.data() + begin, count));
      lost += static_cast<double>(squared_loss(samples.column(i) + begin, codes.data() + begin, out.units[b], count));
    }
    out.squared_norms.push_back(norm);
    out.lost.push_back(lost);
    std::int16_t* to = out.codes.data() + at.place(0, i);
    for (Index k = 0; k < at.pairs(); ++k, to += 2 * short_group) {
      to[0] = codes[static_cast<std::size_t>(2 * k)];
      to[1] = codes[static_cast<std::size_t>(2 * k + 1)];
    }
  }
  return out;
}

ShortMatrix evenly_spaced(ShortSamples const& x, Index count) {
  ShortMatrix out{x.features, count, x.block, {x.units, x.units + x.blocks()}, {}, {}, {}};
  out.codes.assign(static_cast<std::size_t>(out.view().code_count()), 0);
  ShortSamples const at = out.view();
  for (Index i = 0; i < count; ++i) {
    std::int16_t const* from = x.codes + x.place(0, i * x.samples / count);
    std::int16_t* to = out.codes.data() + at.place(0, i);
    for (Index k = 0; k < at.pairs(); ++k) std::copy_n(from + 2 * short_group * k, 2, to + 2 * short_group * k);
  }
  return out;
}

double negligible_squared_error(double typical_squared_norm, Index samples) {
  return 4e-14 * static_cast<double>(samples) * typical_squared_norm;
}

}  // namespace confer
