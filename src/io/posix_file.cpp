#include "io/posix_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "confer/core/error.hpp"

namespace confer {

PosixFile::PosixFile(std::string path, Mode mode) : path_(std::move(path)) {
  int const flags = mode == Mode::read        ? O_RDONLY
                    : mode == Mode::write_new ? O_RDWR | O_CREAT | O_TRUNC
                    : mode == Mode::update    ? O_RDWR
                                              : O_WRONLY | O_CREAT | O_APPEND;
  descriptor_ = ::open(path_.c_str(), flags | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail("cannot open");
}

PosixFile::~PosixFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void PosixFile::fail(std::string const& what) const {
  int const error = errno;
  std::string const advice = error == ENOSPC || error == EDQUOT ? "free some space or choose another directory" : "";
  throw EnvironmentError(what + " '" + path_ + "'", std::strerror(error), advice);
}

void PosixFile::write(void const* data, std::size_t bytes) {
  auto const* next = static_cast<char const*>(data);
  while (bytes > 0) {
    ssize_t const done = ::write(descriptor_, next, bytes);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail("cannot write");
    next += done;
    bytes -= static_cast<std::size_t>(done);
  }
}

void PosixFile::write_at(Index offset, void const* data, std::size_t bytes) {
  auto const* next = static_cast<char const*>(data);
  while (bytes > 0) {
    ssize_t const done = ::pwrite(descriptor_, next, bytes, offset);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail("cannot write");
    next += done;
    offset += done;
    bytes -= static_cast<std::size_t>(done);
  }
}

void PosixFile::read_at(Index offset, void* data, std::size_t bytes) const {
  auto* next = static_cast<char*>(data);
  while (bytes > 0) {
    ssize_t const done = ::pread(descriptor_, next, bytes, offset);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail("cannot read");
    if (done == 0) {
      errno = ENODATA;
      fail("unexpected end of");
    }
    next += done;
    offset += done;
    bytes -= static_cast<std::size_t>(done);
  }
}

Index PosixFile::size() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) fail("cannot examine");
  return status.st_size;
}

void PosixFile::sync() {
  if (::fsync(descriptor_) != 0) fail("cannot flush");
}

}  // namespace confer
