#include "confer/io/whole_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "confer/core/error.hpp"
#include "confer/core/utf8.hpp"
#include "confer/io/content_hash.hpp"

namespace confer {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(std::string const& path, std::string reason, std::string advice) {
  throw EnvironmentError("cannot write '" + printable(path) + "'", std::move(reason), std::move(advice));
}

[[noreturn]] void refuse(std::string const& path, int code) {
  refuse(path, std::strerror(code),
         code == ENOSPC ? "free some space or choose another place" : "choose another place");
}

fs::path directory_of(fs::path const& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

// The file that a link stands for: renaming onto the link itself would replace it.
std::string resolved(std::string const& path) {
  std::error_code failed;
  if (!fs::is_symlink(path, failed)) return path;
  auto const target = fs::weakly_canonical(path, failed);
  return failed ? path : target.string();
}

// Data in the page cache are lost with the node; the name must not become valid before they are on the disk.
void synchronise(std::string const& path, std::string const& shown) {
  int const descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  int const failure = descriptor < 0 || ::fsync(descriptor) != 0 ? errno : 0;
  if (descriptor >= 0) ::close(descriptor);
  // Some file systems cannot synchronise a directory: nothing more can be done there.
  if (failure != 0 && failure != EINVAL && failure != EROFS) refuse(shown, failure);
}

/// Where numbers of processes mean something: this run of this machine's kernel, and the container within it. Hosts
/// that share files may have equal names, and processes of equal numbers.
std::string const& own_process_space() {
  static std::string const known = [] {
    std::string text(256, '\0');
    if (::gethostname(text.data(), text.size() - 1) != 0) text.clear();
    std::string boot;
    std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
    std::error_code ignored;
    return content_key(text + boot + fs::read_symlink("/proc/self/ns/pid", ignored).string()).substr(0, 12);
  }();
  return known;
}

std::string temporary_name(std::string const& file, std::string const& process) {
  // The longest file name most systems allow has 255 bytes.
  return "." + file.substr(0, 215) + "." + own_process_space() + "-" + process + ".tmp";
}

/// Removes what processes left that were killed while they wrote this file: only of this machine's processes can be
/// told whether they are still alive.
void remove_abandoned(fs::path const& target) {
  std::string const file = target.filename().string();
  std::error_code ignored;
  for (auto const& entry : fs::directory_iterator(directory_of(target), ignored)) {
    std::string const name = entry.path().filename().string();
    std::size_t const end = name.size() - std::min<std::size_t>(name.size(), 4), dash = name.rfind('-', end);
    if (dash == std::string::npos) continue;
    std::string const process = name.substr(dash + 1, end - dash - 1);
    ::pid_t pid = 0;
    auto const [last, error] = std::from_chars(process.data(), process.data() + process.size(), pid);
    if (error != std::errc() || pid <= 0 || last != process.data() + process.size()) continue;
    if (name == temporary_name(file, process) && ::kill(pid, 0) != 0 && errno == ESRCH) fs::remove(entry.path(), ignored);
  }
}

}  // namespace

void check_output_path(std::string const& path) {
  fs::path const target(resolved(path));
  std::error_code ignored;
  auto const directory = directory_of(target);
  if (target.filename().empty() || fs::is_directory(target, ignored)) refuse(path, "it is a directory", "name a file");
  if (fs::exists(target, ignored) && !fs::is_regular_file(target, ignored))
    refuse(path, "it is not a plain file", "name a file");
  if (!fs::is_directory(directory, ignored))
    refuse(path, "there is no directory '" + printable(directory.string()) + "'", "create it, or choose another place");
  if (::access(directory.c_str(), W_OK | X_OK) != 0) refuse(path, errno);
}

WholeFile::WholeFile(std::string const& path) : shown_(path), target_(resolved(path)) {
  check_output_path(path);
  fs::path const target(target_);
  remove_abandoned(target);
  temporary_ = (directory_of(target) / temporary_name(target.filename().string(), std::to_string(::getpid()))).string();
}

WholeFile::~WholeFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void WholeFile::publish() {
  synchronise(temporary_, shown_);
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) refuse(shown_, errno);
  temporary_.clear();
  synchronise(directory_of(target_).string(), shown_);
}

void write_text_file(std::string const& path, std::function<void(std::ostream&)> const& write) {
  WholeFile file(path);
  errno = 0;
  std::ofstream stream(file.temporary(), std::ios::binary);
  if (!stream) refuse(path, errno != 0 ? errno : EIO);
  write(stream);
  stream.close();
  if (!stream) refuse(path, errno != 0 ? errno : EIO);
  file.publish();
}

}  // namespace confer
