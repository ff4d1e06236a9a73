#include "io/array_layout.hpp"

namespace confer {

namespace {

bool is_averaged(Axis axis, Representation const& representation) {
  if (axis == Axis::time) return representation.sequence == SequenceRule::mean;
  return (axis == Axis::height || axis == Axis::width) && representation.conv == ConvRule::mean;
}

// Distance between neighbours along `axis` in units of rows or of features. Rows run over time, height, width and
// features over channel, time, height, width, the last fastest: the step is the extent of all that runs faster.
Index faster_extent(LayerInfo const& layer, Axis axis, bool with_time, bool with_positions) {
  Index const area = with_positions ? layer.extent(Axis::height) * layer.extent(Axis::width) : 1;
  switch (axis) {
    case Axis::sample:
    case Axis::neuron:
      return (with_time ? layer.extent(Axis::time) : 1) * area;
    case Axis::time:
      return area;
    case Axis::height:
      return layer.extent(Axis::width);
    default:
      return 1;
  }
}

Index output_step(LayerInfo const& layer, Axis axis, Representation const& representation, Index ld) {
  if (axis == Axis::step || is_averaged(axis, representation)) return 0;
  bool const time = axis == Axis::time;
  bool const position = axis == Axis::height || axis == Axis::width;
  if (time && representation.sequence == SequenceRule::last) return 0;
  bool const makes_rows = axis == Axis::sample || (time && representation.sequence == SequenceRule::positions) ||
                          (position && representation.conv == ConvRule::positions);
  if (makes_rows)
    return ld * faster_extent(layer, axis, representation.sequence == SequenceRule::positions,
                              representation.conv == ConvRule::positions);
  return faster_extent(layer, axis, representation.sequence == SequenceRule::flatten,
                       representation.conv == ConvRule::flatten);
}

/// Adds the slabs of the features [begin, end) of `axes[level]` and the axes behind it; what stands before is fixed.
void add_slabs(LayerInfo const& layer, std::vector<std::size_t> const& axes, std::size_t level, FeatureSlab const& prefix,
               Index begin, Index end, std::vector<FeatureSlab>& slabs) {
  Index inner = 1;
  for (std::size_t i = level + 1; i < axes.size(); ++i) inner *= layer.extents[axes[i]];
  auto const add = [&](Index from, Index to) {  // of this axis
    if (from >= to) return;
    FeatureSlab slab = prefix;
    slab.begin += from * inner;
    slab.count = (to - from) * inner;
    slab.first[axes[level]] = from;
    slab.extent[axes[level]] = to - from;
    slabs.push_back(std::move(slab));
  };
  auto const add_part = [&](Index at, Index from, Index to) {  // of the axes behind, at one place of this one
    FeatureSlab fixed = prefix;
    fixed.begin += at * inner;
    fixed.first[axes[level]] = at;
    fixed.extent[axes[level]] = 1;
    add_slabs(layer, axes, level + 1, fixed, from, to, slabs);
  };
  Index const first = begin / inner, last = end / inner;
  if (begin % inner != 0 && first == last) return add_part(first, begin % inner, end % inner);
  if (begin % inner != 0) add_part(first, begin % inner, inner);
  add((begin + inner - 1) / inner, last);
  if (end % inner != 0) add_part(last, 0, end % inner);
}

}  // namespace

std::vector<FeatureSlab> feature_slabs(LayerInfo const& layer, Representation const& representation, Index begin,
                                       Index count) {
  std::vector<std::size_t> axes;  // that features run over, the slowest first
  for (Axis const axis : {Axis::neuron, Axis::time, Axis::height, Axis::width}) {
    if (axis == Axis::time && representation.sequence != SequenceRule::flatten) continue;
    if ((axis == Axis::height || axis == Axis::width) && representation.conv != ConvRule::flatten) continue;
    for (std::size_t i = 0; i < layer.axes.size(); ++i)
      if (layer.axes[i] == axis) axes.push_back(i);
  }
  FeatureSlab const whole{0, count, std::vector<Index>(layer.axes.size(), 0), layer.extents};
  if (axes.empty()) return {whole};
  std::vector<FeatureSlab> slabs;
  add_slabs(layer, axes, 0, whole, begin, begin + count, slabs);
  return slabs;
}

std::vector<AxisLoop> output_loops(LayerInfo const& layer, Representation const& representation,
                                   std::vector<Index> const& counts, Index ld) {
  std::vector<AxisLoop> loops;
  for (std::size_t i = 0; i < layer.axes.size(); ++i) {
    Axis const axis = layer.axes[i];
    Index const count = counts[i];
    if (count == 1) continue;
    AxisLoop const loop{count, output_step(layer, axis, representation, ld)};
    if (!loops.empty() && loops.back().step == loop.count * loop.step)
      loops.back() = {loops.back().count * loop.count, loop.step};
    else
      loops.push_back(loop);
  }
  if (loops.empty()) loops.push_back({1, 1});
  return loops;
}

Index averaged_values(LayerInfo const& layer, Representation const& representation) {
  Index count = 1;
  for (std::size_t i = 0; i < layer.axes.size(); ++i)
    if (is_averaged(layer.axes[i], representation)) count *= layer.extents[i];
  return count;
}

}  // namespace confer
