/// Input files that stay open between readers: opening one takes longer than reading a small layer of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace confer {

/// Keeps the files open that were asked for last, some dozens of them.
class OpenFiles {
 public:
  OpenFiles();
  ~OpenFiles();
  OpenFiles(OpenFiles const&) = delete;
  OpenFiles& operator=(OpenFiles const&) = delete;

  /// The HDF5 id of a file, open for reading, which the caller has to close. A file that has been replaced or written
  /// to since is opened anew. Throws InputError.
  std::int64_t open(std::string const& path);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace confer
