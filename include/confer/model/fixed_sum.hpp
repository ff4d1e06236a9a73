/// Sums of numbers between -1 and 1 that are the same bits in any order: whole multiples of 2^-60.
///
/// Products of unit vectors, and of any part of their elements, are at most 1 in size, so that such sums over parts of
/// the elements never overflow; the step is far below the rounding of a double near 1.
#pragma once

#include <cmath>

#include "confer/core/types.hpp"

namespace confer {

inline Index to_fixed(double value) { return std::llround(std::ldexp(value, 60)); }
inline double from_fixed(Index sum) { return std::ldexp(static_cast<double>(sum), -60); }

}  // namespace confer
