/// The integer type of sizes and positions, and the checked way to a narrower one.
#pragma once

#include <cstdint>
#include <limits>
#include <stdexcept>

namespace confer {

/// Sizes, counts and positions: 64-bit and signed everywhere.
using Index = std::int64_t;

/// Narrows a size to the int of BLAS and MPI. Throws std::overflow_error when it does not fit.
inline int narrow(Index value) {
  if (value < std::numeric_limits<int>::min() || value > std::numeric_limits<int>::max())
    throw std::overflow_error("size exceeds the 32-bit interface of BLAS or MPI");
  return static_cast<int>(value);
}

}  // namespace confer
