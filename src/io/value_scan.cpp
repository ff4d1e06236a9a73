#include "io/value_scan.hpp"

#include <array>
#include <cmath>

namespace confer {

namespace {

// Eight sums side by side: the order of additions is fixed, and the compiler may vectorise it.
template <class T>
double sum_of_squares(std::span<T const> values) {
  constexpr std::size_t lanes = 8;
  std::array<double, lanes> sums{};
  std::size_t i = 0;
  for (; i + lanes <= values.size(); i += lanes)
    for (std::size_t k = 0; k < lanes; ++k) {
      auto const value = static_cast<double>(values[i + k]);
      sums[k] += value * value;
    }
  for (std::size_t k = 0; i < values.size(); ++i, ++k) {
    auto const value = static_cast<double>(values[i]);
    sums[k] += value * value;
  }
  double total = 0;
  for (double const sum : sums) total += sum;
  return total;
}

// Positions in the order people count in: sample, time, channel, height, width.
using Position = std::array<Index, 5>;
constexpr std::array order = {Axis::sample, Axis::time, Axis::neuron, Axis::height, Axis::width};

Position position_of(Index offset, LayerInfo const& layer, BlockPosition const& block) {
  Position position{};
  for (std::size_t i = layer.axes.size(); i-- > 0;) {
    Index const here = block.begin[i] + offset % block.count[i];
    offset /= block.count[i];
    for (std::size_t k = 0; k < order.size(); ++k)
      if (order[k] == layer.axes[i]) position[k] = here;
  }
  return position;
}

std::string position_text(Position const& position, LayerInfo const& layer) {
  bool const plain = !layer.has(Axis::time) && !layer.has(Axis::height) && !layer.has(Axis::width);
  std::string text;
  for (std::size_t k = 0; k < order.size(); ++k) {
    if (!layer.has(order[k])) continue;
    std::string const name = order[k] == Axis::neuron && !plain ? "channel" : to_string(order[k]);
    text += (text.empty() ? "" : ", ") + name + " " + std::to_string(position[k]);
  }
  return text;
}

}  // namespace

template <class T>
void scan_values(std::span<T const> values, LayerInfo const& layer, BlockPosition const& block, StoredValues& seen) {
  StoredValues here;
  here.count = static_cast<Index>(values.size());
  here.sum_of_squares = sum_of_squares(values);
  if (!std::isfinite(here.sum_of_squares)) {  // rare: squares may overflow too, so every value is looked at
    Position first{};
    double finite_sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      auto const value = static_cast<double>(values[i]);
      if (std::isfinite(value)) {
        finite_sum += value * value;
        continue;
      }
      Position const position = position_of(static_cast<Index>(i), layer, block);
      if (here.non_finite == 0 || position < first) first = position;
      ++here.non_finite;
    }
    here.sum_of_squares = finite_sum;
    here.first_position = first;
    if (here.non_finite > 0) here.first_non_finite = position_text(first, layer);
  }
  seen.merge(here);
}

template void scan_values(std::span<float const>, LayerInfo const&, BlockPosition const&, StoredValues&);
template void scan_values(std::span<double const>, LayerInfo const&, BlockPosition const&, StoredValues&);

}  // namespace confer
