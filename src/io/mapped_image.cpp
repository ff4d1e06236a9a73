#include "io/mapped_image.hpp"

#include <fcntl.h>
#include <hdf5.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "confer/core/error.hpp"

namespace confer {

namespace {

constexpr std::size_t growth = std::size_t{1} << 20;  ///< bytes that HDF5 asks for at a time
constexpr std::size_t resident = std::size_t{16} << 20;  ///< bytes after which written pages are given back
constexpr std::size_t page = 4096;

/// Writes zeros where a file system cannot reserve room otherwise. 0 or the error.
int write_zeros(int descriptor, std::size_t begin, std::size_t end) {
  static constexpr std::array<char, 1 << 16> zeros{};
  while (begin < end) {
    ssize_t const done =
        ::pwrite(descriptor, zeros.data(), std::min(zeros.size(), end - begin), static_cast<off_t>(begin));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return errno;
    begin += static_cast<std::size_t>(done);
  }
  return 0;
}

}  // namespace

struct MappedImage::State {
  explicit State(std::string name) : path(std::move(name)) {
    descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (descriptor < 0) fail(errno);
  }
  ~State() {
    unmap();
    ::close(descriptor);
  }
  State(State const&) = delete;
  State& operator=(State const&) = delete;

  [[noreturn]] void fail(int code) const {
    bool const full = code == ENOSPC || code == EDQUOT;
    throw EnvironmentError("cannot write '" + path + "'", std::strerror(code),
                           full ? "free some space or choose another directory" : "");
  }

  void unmap() {
    if (base != nullptr) ::munmap(base, size);
    base = nullptr;
    size = written = 0;
  }

  int reserve(std::size_t end) const {
    if (end <= size) return 0;
    while (::fallocate(descriptor, 0, static_cast<off_t>(size), static_cast<off_t>(end - size)) != 0) {
      if (errno == EOPNOTSUPP || errno == ENOSYS) return write_zeros(descriptor, size, end);
      if (errno != EINTR) return errno;
    }
    return 0;
  }

  /// Goes on in memory alone, so that HDF5 can close what it has open.
  bool leave_file(std::size_t wanted, int code) {
    error = code;
    void* const memory = ::mmap(nullptr, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return false;
    if (base != nullptr) std::memcpy(memory, base, std::min(size, wanted));
    unmap();
    base = memory;
    return true;
  }

  void* resize(std::size_t wanted) {
    if (error == 0) {
      if (int const code = reserve(wanted); code != 0) {
        if (!leave_file(wanted, code)) return nullptr;
        size = wanted;
        return base;
      }
    }
    void* const moved = base == nullptr ? ::mmap(nullptr, wanted, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
                                        : ::mremap(base, size, wanted, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED) {
      if (error != 0 || !leave_file(wanted, errno)) return nullptr;
      size = wanted;
      return base;
    }
    base = moved;
    size = wanted;
    if (error == 0 && size >= written + resident) {
      // Shared pages keep what was written to them; whoever touches them again gets them back.
      std::size_t const end = (size - growth) / page * page;
      ::madvise(static_cast<char*>(base) + written, end - written, MADV_DONTNEED);
      written = end;
    }
    return base;
  }

  std::string path;
  int descriptor = -1;
  void* base = nullptr;
  std::size_t size = 0;     // of the mapping, and of the file while there is no error
  std::size_t written = 0;  // bytes from the beginning whose pages were given back
  int error = 0;
};

MappedImage::MappedImage(std::string const& path) : state_(std::make_unique<State>(path)) {}
MappedImage::~MappedImage() = default;

void MappedImage::attach(std::int64_t access) {
  H5FD_file_image_callbacks_t callbacks{};
  callbacks.image_malloc = [](size_t size, H5FD_file_image_op_t, void* state) -> void* {
    return static_cast<State*>(state)->resize(size);
  };
  callbacks.image_memcpy = [](void* to, void const* from, size_t size, H5FD_file_image_op_t, void*) -> void* {
    return std::memcpy(to, from, size);
  };
  callbacks.image_realloc = [](void*, size_t size, H5FD_file_image_op_t, void* state) -> void* {
    return static_cast<State*>(state)->resize(size);
  };
  callbacks.image_free = [](void*, H5FD_file_image_op_t, void* state) -> herr_t {
    static_cast<State*>(state)->unmap();
    return 0;
  };
  callbacks.udata_copy = [](void* state) -> void* { return state; };
  callbacks.udata_free = [](void*) -> herr_t { return 0; };
  callbacks.udata = state_.get();
  if (H5Pset_fapl_core(access, growth, false) < 0 || H5Pset_file_image_callbacks(access, &callbacks) < 0)
    throw EnvironmentError("cannot write '" + state_->path + "'", "the HDF5 library refuses an image in memory", "");
}

void MappedImage::check() const {
  if (state_->error != 0) state_->fail(state_->error);
}

void MappedImage::finish(Index bytes) {
  check();
  if (::ftruncate(state_->descriptor, bytes) != 0) state_->fail(errno);
}

}  // namespace confer
