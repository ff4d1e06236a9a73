/// How a block of a stored array becomes columns of a matrix: one loop per axis, each with its step in the output.
#pragma once

#include <algorithm>
#include <vector>

#include "confer/model/catalog.hpp"
#include "confer/model/representation.hpp"

namespace confer {

/// One loop over a stored axis, outermost first. `step` is the distance in the output between neighbours; 0: averaged.
struct AxisLoop {
  Index count = 1;
  Index step = 0;
};

/// Loops over a block with these counts along the stored axes, in stored order, for an output of leading dimension
/// `ld`. Loops that continue one another are joined.
std::vector<AxisLoop> output_loops(LayerInfo const& layer, Representation const& representation,
                                   std::vector<Index> const& counts, Index ld);

/// A range of features that is one rectangular block of the stored array.
struct FeatureSlab {
  Index begin = 0, count = 0;       ///< features
  std::vector<Index> first, extent; ///< along the stored axes; axes that make no features in full
};

/// The fewest slabs that make up the features [begin, begin + count), in order: one when the range holds whole
/// channels, up to two for each axis that features run over and one more otherwise.
std::vector<FeatureSlab> feature_slabs(LayerInfo const& layer, Representation const& representation, Index begin,
                                       Index count);

/// Stored values that are averaged into one; 1 when nothing is averaged.
Index averaged_values(LayerInfo const& layer, Representation const& representation);

/// Copies or, with `add`, adds a block in stored order to the output.
template <bool add, class From, class To>
void place_values(std::vector<AxisLoop> const& loops, From const* from, To* out) {
  auto const put = [](To& to, From value) {
    if constexpr (add)
      to += static_cast<To>(value);
    else
      to = static_cast<To>(value);
  };
  auto const walk = [&](auto const& self, std::size_t level, From const*& next, To* to) -> void {
    AxisLoop const loop = loops[level];
    if (level + 1 == loops.size()) {
      if (add && loop.step == 0) {
        To sum{};
        for (Index i = 0; i < loop.count; ++i) sum += static_cast<To>(next[i]);
        *to += sum;
      } else if (loop.step == 1) {
        for (Index i = 0; i < loop.count; ++i) put(to[i], next[i]);
      } else {
        for (Index i = 0; i < loop.count; ++i) put(to[i * loop.step], next[i]);
      }
      next += loop.count;
    } else if (level + 2 == loops.size() && loops[level + 1].step > 1) {
      // A transpose: in tiles, so that the output's cache lines are filled before they are dropped.
      constexpr Index tile = 16;
      AxisLoop const inner = loops[level + 1];
      for (Index begin = 0; begin < inner.count; begin += tile) {
        Index const end = std::min(begin + tile, inner.count);
        for (Index i = 0; i < loop.count; ++i)
          for (Index j = begin; j < end; ++j) put(to[i * loop.step + j * inner.step], next[i * inner.count + j]);
      }
      next += loop.count * inner.count;
    } else {
      for (Index i = 0; i < loop.count; ++i) self(self, level + 1, next, to + i * loop.step);
    }
  };
  walk(walk, 0, from, out);
}

}  // namespace confer
