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

}  // namespace

std::vector<AxisLoop> output_loops(LayerInfo const& layer, Representation const& representation, Index samples,
                                   Index ld) {
  std::vector<AxisLoop> loops;
  for (std::size_t i = 0; i < layer.axes.size(); ++i) {
    Axis const axis = layer.axes[i];
    Index count = layer.extents[i];
    if (axis == Axis::sample) count = samples;
    if (axis == Axis::step || (axis == Axis::time && representation.sequence == SequenceRule::last)) count = 1;
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
