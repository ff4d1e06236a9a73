/// The value in the middle.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

namespace confer {

/// Half of the values are no larger; of an even number the smaller of the two in the middle. There must be some.
inline double middle_value(std::span<double const> values) {
  std::vector<double> copy(values.begin(), values.end());
  auto const middle = copy.begin() + (std::ssize(copy) - 1) / 2;
  std::nth_element(copy.begin(), middle, copy.end());
  return *middle;
}

}  // namespace confer
