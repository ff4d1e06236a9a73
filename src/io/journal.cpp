#include "confer/io/journal.hpp"

#include <unistd.h>
#include <xxhash.h>

#include <array>
#include <algorithm>
#include <filesystem>
#include <vector>

#include "confer/core/error.hpp"
#include "io/posix_file.hpp"

namespace confer {

namespace {

constexpr char const* suffix = ".journal";

struct RecordHeader {
  std::uint64_t bytes;
  std::uint64_t checksum;
};

std::string framed(std::string const& record) {
  RecordHeader const header{record.size(), XXH3_64bits(record.data(), record.size())};
  std::string text(reinterpret_cast<char const*>(&header), sizeof header);
  return text + record;
}

/// Host, process and job: a process may keep journals of several jobs in one directory.
std::string own_name(std::string const& fingerprint) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return std::string(host.data()) + "-" + std::to_string(::getpid()) + "-" +
         std::to_string(XXH3_64bits(fingerprint.data(), fingerprint.size()));
}

/// Visits one file; says how it ended.
enum class FileState { whole, damaged, other_job };

FileState visit_file(std::string const& path, std::string const& fingerprint, RecordVisitor const& visitor, Index& records) {
  PosixFile const file(path, PosixFile::Mode::read);
  Index const size = file.size();
  Index at = 0;
  bool first = true;
  while (at < size) {
    RecordHeader header{};
    if (at + static_cast<Index>(sizeof header) > size) return FileState::damaged;
    file.read_at(at, &header, sizeof header);
    Index const body = at + static_cast<Index>(sizeof header);
    if (header.bytes > static_cast<std::uint64_t>(size - body)) return FileState::damaged;
    std::string record(header.bytes, '\0');
    file.read_at(body, record.data(), record.size());
    if (XXH3_64bits(record.data(), record.size()) != header.checksum) return FileState::damaged;
    if (first && record != fingerprint) return FileState::other_job;
    if (!first) {
      visitor(record);
      ++records;
    }
    first = false;
    at = body + static_cast<Index>(header.bytes);
  }
  return FileState::whole;
}

}  // namespace

struct Journal::State {
  State(std::string name, std::string job)
      : path(std::move(name)), fingerprint(std::move(job)), file(path, PosixFile::Mode::write_new) {}
  std::string path, fingerprint;
  PosixFile file;
};

Journal::Journal(std::string const& directory, std::string const& fingerprint) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error)
    throw EnvironmentError("cannot create '" + directory + "' for the journal", error.message(),
                           "choose an --output in a directory you may write to");
  state_ = std::make_unique<State>(directory + "/" + own_name(fingerprint) + suffix, fingerprint);
  append(fingerprint);
}

Journal::~Journal() = default;
Journal::Journal(Journal&&) noexcept = default;

void Journal::append(std::string const& record) {
  std::string const text = framed(record);
  state_->file.write(text.data(), text.size());
}

void Journal::visit(RecordVisitor const& visitor) const {
  Index records = 0;
  if (visit_file(state_->path, state_->fingerprint, visitor, records) != FileState::whole)
    throw EnvironmentError("the journal '" + state_->path + "' was changed while the job ran", "",
                           "run the same command again: what is whole in it is used");
}

JournalReport visit_journals(std::string const& directory, std::string const& fingerprint, RecordVisitor const& visitor) {
  JournalReport report;
  std::error_code missing;
  std::vector<std::string> paths;
  for (auto const& entry : std::filesystem::directory_iterator(directory, missing))
    if (entry.path().extension() == suffix) paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  for (auto const& path : paths) {
    FileState const state = visit_file(path, fingerprint, visitor, report.records);
    report.damaged_files += state == FileState::damaged ? 1 : 0;
    report.other_files += state == FileState::other_job ? 1 : 0;
  }
  return report;
}

void remove_journals(std::string const& directory) {
  std::error_code ignored;
  for (auto const& entry : std::filesystem::directory_iterator(directory, ignored))
    if (entry.path().extension() == suffix) std::filesystem::remove(entry.path(), ignored);
  std::filesystem::remove(directory, ignored);
}

}  // namespace confer
