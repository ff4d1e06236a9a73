/// Memory that has been freed and is kept for the next matrix.
#pragma once

namespace confer {

/// Gives it back to the system: between stages, where the next one needs little.
void release_free_memory();

}  // namespace confer
