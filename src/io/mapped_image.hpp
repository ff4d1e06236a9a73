/// A new file as the memory that HDF5 writes to: pages go to the disk as they fill, and none of them has to stay.
#pragma once

#include <memory>
#include <string>

#include "confer/core/types.hpp"

namespace confer {

/// HDF5 1.10 crashes when a write fails half-way through its own structures, as on a full disk. Here it writes to
/// memory, which cannot fail: room in the file is reserved before the memory grows onto it, and where there is none the
/// image goes on in memory alone until the writer looks at `check`.
class MappedImage {
 public:
  /// Creates or truncates. Throws EnvironmentError.
  explicit MappedImage(std::string const& path);
  ~MappedImage();
  MappedImage(MappedImage const&) = delete;
  MappedImage& operator=(MappedImage const&) = delete;

  /// Makes a file access property list (hid_t) put its file here; the image must outlive that file.
  void attach(std::int64_t access);

  /// Throws EnvironmentError when the file cannot hold all that was written.
  void check() const;

  /// When HDF5 has closed the file: cuts it to its size. Throws EnvironmentError.
  void finish(Index bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace confer
