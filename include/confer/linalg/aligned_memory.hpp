/// Memory of matrices: aligned for vector instructions, large blocks in huge pages where the system gives them.
#pragma once

#include <cstddef>

namespace confer {

/// Not initialised. Throws std::bad_alloc.
void* allocate_aligned(std::size_t bytes);
void free_aligned(void* memory);

}  // namespace confer
