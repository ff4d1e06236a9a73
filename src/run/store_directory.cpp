#include "run/store_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "confer/core/error.hpp"
#include "confer/io/basis_store.hpp"

namespace confer {

namespace {

namespace fs = std::filesystem;
constexpr char const* memory_root = "/dev/shm";
constexpr char const* prefix = "confer-store-";

/// Opens and locks the lock file of a store; -1 when another process holds it.
int lock_store(std::string const& directory) {
  int const descriptor = ::open((directory + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor >= 0 && ::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    ::close(descriptor);
    return -1;
  }
  return descriptor;
}

/// Removes stores in shared memory whose owner is gone.
void clear_abandoned_stores() {
  std::error_code ignored;
  for (auto const& entry : fs::directory_iterator(memory_root, ignored)) {
    if (entry.path().filename().string().rfind(prefix, 0) != 0 || ::access(entry.path().c_str(), W_OK) != 0) continue;
    int const lock = lock_store(entry.path().string());
    if (lock < 0) continue;
    fs::remove_all(entry.path(), ignored);
    ::close(lock);
  }
}

void copy_basis_files(std::string const& from, std::string const& to) {
  BasisStore const target(to);
  for (auto const& entry : fs::directory_iterator(from))
    if (entry.path().extension() == ".basis" || entry.path().extension() == ".rows")
      fs::copy_file(entry.path(), fs::path(to) / entry.path().filename(), fs::copy_options::overwrite_existing);
}

}  // namespace

StoreDirectory::StoreDirectory(Communicator const& comm, Communicator const& node, RunOptions const& run, double bytes,
                               double allowed_per_node)
    : beside_output_(run.output + ".work"), leader_(node.is_root()) {
  together(comm, [&] {
    if (!leader_) return;
    clear_abandoned_stores();
    if (comm.is_root() && run.fresh) fs::remove_all(beside_output_);
    kept_ = !run.scratch.empty();
    if (kept_) {
      path_ = run.scratch;
    } else if (!fs::exists(beside_output_) && bytes < allowed_per_node && bytes * 1.02 < free_bytes(memory_root)) {
      in_memory_ = true;
      path_ = std::string(memory_root) + "/" + prefix + std::to_string(::getuid()) + "-" + std::to_string(::getpid());
    } else {
      path_ = beside_output_;
    }
  });
  // Nodes may differ in what fits their memory; all go to disk when one has to.
  std::vector<double> any_on_disk = {leader_ && !in_memory_ ? 1.0 : 0.0};
  comm.all_max(any_on_disk);
  if (leader_ && in_memory_ && any_on_disk[0] > 0) {
    in_memory_ = false;
    path_ = beside_output_;
  }
  together(comm, [&] {
    if (!leader_) return;
    BasisStore const usable(path_);
    if (!in_memory_) return;
    ::chmod(path_.c_str(), 0700);
    lock_ = lock_store(path_);
    if (lock_ < 0) throw EnvironmentError("cannot lock '" + path_ + "'", "", "name a directory with --scratch");
  });
  node.broadcast(path_, 0);
  std::string flags = std::string(in_memory_ ? "m" : "d") + (kept_ ? "k" : "t");
  node.broadcast(flags, 0);
  in_memory_ = flags[0] == 'm';
  kept_ = flags[1] == 'k';

  // A file of the first rank tells whether all nodes look at the same directory.
  std::string probe = "probe-" + std::to_string(::getpid());
  comm.broadcast(probe, 0);
  together(comm, [&] {
    if (comm.is_root()) std::ofstream(path_ + "/" + probe) << "\n";
  });
  std::vector<double> seen = {fs::exists(path_ + "/" + probe) ? 1.0 : 0.0};
  comm.all_min(seen);
  visible_everywhere_ = seen[0] > 0;
  comm.barrier();
  std::error_code ignored;
  if (comm.is_root()) fs::remove(path_ + "/" + probe, ignored);
}

StoreDirectory::~StoreDirectory() {
  if (!leader_ || !in_memory_) return;
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  if (lock_ >= 0) ::close(lock_);
}

void StoreDirectory::save_beside_output() const {
  if (leader_ && in_memory_) copy_basis_files(path_, beside_output_);
}

void StoreDirectory::discard() const {
  std::error_code ignored;
  if (leader_ && !kept_) fs::remove_all(beside_output_, ignored);
}

}  // namespace confer
