/// Output files that are whole or absent: written under a temporary name and renamed when complete.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>

namespace confer {

/// Throws EnvironmentError when `path` could not be written: directory missing or not writable, or not a plain file.
void check_output_path(std::string const& path);

/// A file in the making. Without publish() nothing of it stays.
class WholeFile {
 public:
  /// Chooses the temporary name, in the directory of `path`, and removes what killed processes left of that file there.
  /// Throws as check_output_path.
  explicit WholeFile(std::string const& path);
  ~WholeFile();
  WholeFile(WholeFile const&) = delete;
  WholeFile& operator=(WholeFile const&) = delete;

  /// Where to write; closed again before publish().
  std::string const& temporary() const { return temporary_; }

  /// Makes the contents durable and gives the file its name. Throws EnvironmentError.
  void publish();

 private:
  std::string shown_, target_, temporary_;
};

/// Writes a text file whole. Throws EnvironmentError, for example when the disk is full.
void write_text_file(std::string const& path, std::function<void(std::ostream&)> const& write);

}  // namespace confer
