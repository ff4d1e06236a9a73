/// Finished work on disk: records with checksums, appended by each rank to a file of its own.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "confer/core/types.hpp"

namespace confer {

/// Called with each record in the order it was written.
using RecordVisitor = std::function<void(std::string const& record)>;

/// Appends records. The file begins with the fingerprint of the job, so that another job never takes them for its own.
class Journal {
 public:
  /// Creates `directory` and in it a new file named after host and process. Throws EnvironmentError.
  Journal(std::string const& directory, std::string const& fingerprint);
  ~Journal();
  Journal(Journal&&) noexcept;

  /// Throws EnvironmentError on a full disk; the record then counts as not written.
  void append(std::string const& record);
  /// Reads back what this object has appended.
  void visit(RecordVisitor const& visitor) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What was found among the journals of earlier runs.
struct JournalReport {
  Index records = 0;
  Index damaged_files = 0;  ///< files with a torn or changed record: it and what follows it are left out
  Index other_files = 0;    ///< files of another job
};

/// Visits the whole and undamaged records of the job with this fingerprint in all journals of a directory (none when
/// it does not exist).
JournalReport visit_journals(std::string const& directory, std::string const& fingerprint, RecordVisitor const& visitor);

/// Removes the journals and the directory, if nothing else is in it.
void remove_journals(std::string const& directory);

}  // namespace confer
