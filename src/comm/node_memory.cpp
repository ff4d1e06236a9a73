#include "confer/comm/node_memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <string>

namespace confer {

struct NodeMemory::Mapping {
  Communicator node;
  void* address = MAP_FAILED;
  std::size_t bytes = 0;

  explicit Mapping(Communicator const& comm) : node(comm) {}
  ~Mapping() {
    if (address != MAP_FAILED) munmap(address, bytes);
  }
  Mapping(Mapping const&) = delete;
  Mapping& operator=(Mapping const&) = delete;

  /// Opens, or creates, the memory of this name. All of it is set aside at once: later there may be less.
  bool map(std::string const& name, bool create) {
    int const file = shm_open(name.c_str(), create ? O_RDWR | O_CREAT | O_EXCL : O_RDWR, 0600);
    if (file < 0) return false;
    if (!create || posix_fallocate(file, 0, static_cast<off_t>(bytes)) == 0)
      address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    return address != MAP_FAILED;
  }
};

namespace {

bool all_of(Communicator const& node, bool fine) {
  double least = fine ? 1 : 0;
  node.all_min(std::span(&least, 1));
  return least == 1;
}

}  // namespace

std::optional<NodeMemory> NodeMemory::allocate(Communicator const& node, Index count) {
  static int number = 0;
  std::string name = "/confer-" + std::to_string(getpid()) + "-" + std::to_string(number++);
  node.broadcast(name, 0);
  auto mapping = std::make_shared<Mapping>(node);
  mapping->bytes = static_cast<std::size_t>(count) * sizeof(double);
  bool const made = all_of(node, !node.is_root() || mapping->map(name, true));
  bool const seen = made && all_of(node, node.is_root() || mapping->map(name, false));
  if (node.is_root()) shm_unlink(name.c_str());  // it stays until the last rank lets it go
  if (!seen) return std::nullopt;
  return NodeMemory(std::move(mapping));
}

std::span<double> NodeMemory::values() const {
  return {static_cast<double*>(mapping_->address), mapping_->bytes / sizeof(double)};
}

void NodeMemory::meet() const {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  mapping_->node.barrier();
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

}  // namespace confer
