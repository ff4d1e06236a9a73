/// A file descriptor that closes itself; reads and writes whole ranges or throws with the file's name.
#pragma once

#include <string>

#include "confer/core/types.hpp"

namespace confer {

class PosixFile {
 public:
  enum class Mode { read, write_new, append, update };  ///< update: an existing file, read and written

  /// Throws EnvironmentError naming the path and the system's reason.
  PosixFile(std::string path, Mode mode);
  ~PosixFile();
  PosixFile(PosixFile const&) = delete;
  PosixFile& operator=(PosixFile const&) = delete;

  void write(void const* data, std::size_t bytes);
  void write_at(Index offset, void const* data, std::size_t bytes);
  void read_at(Index offset, void* data, std::size_t bytes) const;
  Index size() const;
  void sync();

 private:
  [[noreturn]] void fail(std::string const& what) const;

  std::string path_;
  int descriptor_;
};

}  // namespace confer
