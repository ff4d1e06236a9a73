/// Picks out the values of a range from many.
#pragma once

#include "confer/linalg/matrix.hpp"

namespace confer {

/// What a stretch of values holds of a range.
struct Selected {
  Index below = 0;   ///< values less than `low`
  Index inside = 0;  ///< values in [low, high], written to `out` in their order
};

/// `out` has room for all values and select_margin more.
inline constexpr Index select_margin = 8;
Selected select_between(float const* values, Index count, float low, float high, float* out);
Selected select_between(double const* values, Index count, double low, double high, double* out);

}  // namespace confer
