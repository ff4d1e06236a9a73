/// Cuts long ranges into pieces that fit the int counts of MPI.
#pragma once

#include <algorithm>

#include "confer/core/types.hpp"

namespace confer {

/// Calls action(begin, length) for consecutive pieces of at most `limit` of the range [0, count).
template <class Action>
void for_chunks(Index count, Index limit, Action action) {
  for (Index begin = 0; begin < count; begin += limit) action(begin, std::min(limit, count - begin));
}

}  // namespace confer
