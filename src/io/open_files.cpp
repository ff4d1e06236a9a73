#include "confer/io/open_files.hpp"

#include <hdf5.h>
#include <sys/stat.h>

#include <algorithm>
#include <list>
#include <tuple>

#include "io/h5.hpp"

namespace confer {

namespace {

constexpr std::size_t most_open = 64;

/// Changes with every replacement of a file, and with every change of what it holds.
using Identity = std::tuple<dev_t, ino_t, off_t, time_t, long>;

Identity identity_of(std::string const& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return {};
  return {info.st_dev, info.st_ino, info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec};
}

struct OpenFile {
  std::string path;
  Identity identity;
  h5::Handle file;
};

}  // namespace

struct OpenFiles::State {
  std::list<OpenFile> files;  ///< the one asked for last comes first
};

OpenFiles::OpenFiles() : state_(std::make_unique<State>()) {}
OpenFiles::~OpenFiles() = default;

std::int64_t OpenFiles::open(std::string const& path) {
  auto& files = state_->files;
  Identity const identity = identity_of(path);
  auto const known = std::find_if(files.begin(), files.end(), [&](OpenFile const& file) { return file.path == path; });
  if (known != files.end() && known->identity == identity) {
    files.splice(files.begin(), files, known);
  } else {
    // Closed first: the library would share what it knows of the file as it was.
    if (known != files.end()) files.erase(known);
    files.push_front({path, identity, h5::open_file(path)});
    if (files.size() > most_open) files.pop_back();
  }
  h5::Id const id = files.front().file;
  h5::check(H5Iinc_ref(id), {path, {}});
  return id;
}

}  // namespace confer
