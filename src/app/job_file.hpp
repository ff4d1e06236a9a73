/// Job files: "key = value" lines, in sections or not, read by Boost.Program_options.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace confer::app {

/// One line of a job file.
struct JobEntry {
  std::string section;  ///< empty when the key stands before any [section]
  std::string key;
  std::string value;
  int line;
};

/// Throws UsageError naming the file, and the line where there is one.
std::vector<JobEntry> read_job_file(std::string const& path);

/// The value of the key `command`, empty when there is none.
std::string command_of(std::vector<JobEntry> const& entries);

/// The value as it was meant: what job_line wrote as \xHH becomes that byte again.
std::string decoded(std::string const& value);

/// The decoded words of a value; blanks separate them, double quotes hold them together.
std::vector<std::string> words_of(std::string const& value);

/// A line that read_job_file turns into the same value. Bytes that have a meaning there are written as \xHH.
std::string job_line(std::string const& key, std::string const& value);
/// The same for one word of a list such as `data`.
std::string job_word_line(std::string const& key, std::string const& word);

}  // namespace confer::app
