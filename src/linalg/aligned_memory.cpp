#include "confer/linalg/aligned_memory.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <new>

namespace confer {

namespace {

constexpr std::size_t alignment = 64;
constexpr std::size_t huge_page = std::size_t{2} << 20;

/// Bytes up to the next multiple of `unit`.
std::size_t distance(void const* p, std::size_t unit) { return unit - reinterpret_cast<std::uintptr_t>(p) % unit; }

/// Where a program has to ask for huge pages. A large block in pages of 4 KiB costs as much time to come into being as
/// a pass over it, and more misses of the address cache in products.
void ask_for_huge_pages(void* memory, std::size_t bytes) {
#ifdef MADV_HUGEPAGE
  std::size_t const before = distance(memory, huge_page);
  if (bytes < before + huge_page) return;
  std::size_t const whole = (bytes - before) / huge_page * huge_page;
  madvise(static_cast<char*>(memory) + before, whole, MADV_HUGEPAGE);  // without them it works as well
#else
  static_cast<void>(memory);
  static_cast<void>(bytes);
#endif
}

}  // namespace

// malloc, aligned by hand: the aligned_alloc of glibc before 2.38 does not find the blocks again that were freed, so
// that matrices that come and go make a process grow without end.
void* allocate_aligned(std::size_t bytes) {
  void* const memory = std::malloc(bytes + 2 * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  ask_for_huge_pages(memory, bytes + 2 * alignment);
  void* const aligned = static_cast<char*>(memory) + distance(memory, alignment);
  static_cast<void**>(aligned)[-1] = memory;
  return aligned;
}

void free_aligned(void* memory) {
  if (memory != nullptr) std::free(static_cast<void**>(memory)[-1]);
}

}  // namespace confer
