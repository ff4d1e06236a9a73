// Finds the data files that a list of files, directories and globs names.
#include <dirent.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "confer/core/error.hpp"
#include "confer/core/utf8.hpp"
#include "confer/io/catalog_reader.hpp"

namespace confer {

namespace {

namespace fs = std::filesystem;
using FileId = std::pair<dev_t, ino_t>;

std::optional<FileId> file_id(fs::path const& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return std::nullopt;
  return FileId{info.st_dev, info.st_ino};
}

// Symbolic links are followed; `visited` keeps a link to a parent from going round for ever.
void search_directory(fs::path const& directory, std::set<FileId>& visited, std::vector<std::string>& found) {
  auto const id = file_id(directory);
  if (!id || !visited.insert(*id).second) return;
  std::error_code error;
  fs::directory_iterator entries(directory, error);
  if (error)
    throw InputError("cannot search the directory '" + printable(directory.string()) + "'", error.message(),
                     "check its permissions");
  for (auto const& entry : entries) {
    auto const name = entry.path().filename().string();
    if (name.front() == '.') continue;  // hidden: unfinished files of other programs, as for the shell's own globs
    if (entry.is_directory(error))
      search_directory(entry.path(), visited, found);
    else if (entry.path().extension() == ".h5")
      found.push_back(entry.path().string());
  }
}

std::vector<std::string> expand(std::string const& pattern) {
  glob_t matches{};
  std::vector<std::string> paths;
  if (glob(pattern.c_str(), GLOB_NOSORT | GLOB_TILDE, nullptr, &matches) == 0)
    paths.assign(matches.gl_pathv, matches.gl_pathv + matches.gl_pathc);
  globfree(&matches);
  return paths;
}

}  // namespace

std::vector<std::string> find_data_files(std::vector<std::string> const& data) {
  std::vector<std::string> found;
  for (auto const& argument : data) {
    std::error_code error;
    bool const literal = fs::exists(fs::symlink_status(argument, error));
    bool const pattern = !literal && argument.find_first_of("*?[") != argument.npos;
    auto const paths = literal ? std::vector{argument} : pattern ? expand(argument) : std::vector<std::string>{};
    if (paths.empty())
      throw InputError(
          pattern ? "'" + printable(argument) + "' matches no file" : "there is no '" + printable(argument) + "'", "",
          "name files, directories or quoted globs");
    std::size_t const before = found.size();
    std::set<FileId> visited;
    for (auto const& path : paths) {
      if (fs::is_directory(path, error))
        search_directory(path, visited, found);
      else
        found.push_back(path);
    }
    if (found.size() == before)
      throw InputError("there is no *.h5 file in '" + printable(argument) + "'", "",
                       "name files, directories or quoted globs");
  }
  for (auto& path : found) path = fs::path(path).lexically_normal().string();
  std::sort(found.begin(), found.end());
  std::set<FileId> seen;
  std::erase_if(found, [&](std::string const& path) {
    auto const id = file_id(path);
    return id && !seen.insert(*id).second;
  });
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace confer
