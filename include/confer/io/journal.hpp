/// Finished work on disk: records with checksums, appended by each rank to a file of its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "confer/core/types.hpp"

namespace confer {

/// Appends records. The file begins with the fingerprint of the job, so that another job never takes them for its own.
class Journal {
 public:
  /// Creates `directory` and in it a new file named after host and process. Throws EnvironmentError.
  Journal(std::string const& directory, std::string const& fingerprint);
  ~Journal();
  Journal(Journal&&) noexcept;

  /// Throws EnvironmentError on a full disk; the record then counts as not written.
  void append(std::string const& record);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What the journals of earlier runs hold.
struct JournalContents {
  std::vector<std::string> records;  ///< whole and undamaged ones of the job with this fingerprint
  Index damaged_files = 0;           ///< files with a torn or changed record: what follows it is left out
  Index other_files = 0;             ///< files of another job
};

/// Reads all journals in a directory (none when it does not exist).
JournalContents read_journals(std::string const& directory, std::string const& fingerprint);

/// Removes the journals and the directory, if nothing else is in it.
void remove_journals(std::string const& directory);

}  // namespace confer
