#include "confer/io/journal.hpp"

#include <unistd.h>
#include <xxhash.h>

#include <array>
#include <algorithm>
#include <filesystem>

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

std::string own_name() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return std::string(host.data()) + "-" + std::to_string(::getpid());
}

}  // namespace

struct Journal::State {
  PosixFile file;
};

Journal::Journal(std::string const& directory, std::string const& fingerprint) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error)
    throw EnvironmentError("cannot create '" + directory + "' for the journal", error.message(),
                           "choose an --output in a directory you may write to");
  std::string const path = directory + "/" + own_name() + suffix;
  state_ = std::make_unique<State>(State{{path, PosixFile::Mode::write_new}});
  append(fingerprint);
}

Journal::~Journal() = default;
Journal::Journal(Journal&&) noexcept = default;

void Journal::append(std::string const& record) {
  std::string const text = framed(record);
  state_->file.write(text.data(), text.size());
}

JournalContents read_journals(std::string const& directory, std::string const& fingerprint) {
  JournalContents contents;
  std::error_code missing;
  std::vector<std::string> paths;
  for (auto const& entry : std::filesystem::directory_iterator(directory, missing))
    if (entry.path().extension() == suffix) paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  for (auto const& path : paths) {
    PosixFile const file(path, PosixFile::Mode::read);
    Index const size = file.size();
    Index at = 0;
    bool first = true;
    while (at < size) {
      RecordHeader header{};
      if (at + static_cast<Index>(sizeof header) > size) break;
      file.read_at(at, &header, sizeof header);
      Index const body = at + static_cast<Index>(sizeof header);
      if (header.bytes > static_cast<std::uint64_t>(size - body)) break;
      std::string record(header.bytes, '\0');
      file.read_at(body, record.data(), record.size());
      if (XXH3_64bits(record.data(), record.size()) != header.checksum) break;
      at = body + static_cast<Index>(header.bytes);
      if (first && record != fingerprint) {
        ++contents.other_files;
        at = size;
      } else if (!first) {
        contents.records.push_back(std::move(record));
      }
      first = false;
    }
    if (at < size) ++contents.damaged_files;
  }
  return contents;
}

void remove_journals(std::string const& directory) {
  std::error_code ignored;
  for (auto const& entry : std::filesystem::directory_iterator(directory, ignored))
    if (entry.path().extension() == suffix) std::filesystem::remove(entry.path(), ignored);
  std::filesystem::remove(directory, ignored);
}

}  // namespace confer
