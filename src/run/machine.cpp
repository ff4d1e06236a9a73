#include "run/machine.hpp"

#include <sched.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

namespace confer {

namespace {

constexpr int most_cores = 8192;

// "MemAvailable:   12345 kB" in /proc/meminfo, in bytes.
double meminfo(std::string const& key) {
  std::ifstream file("/proc/meminfo");
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string name;
    double kibibytes = 0;
    if (words >> name >> kibibytes && name == key + ":") return 1024 * kibibytes;
  }
  return 0;
}

// The limit of a container or batch job, found in the control groups from this process's own up to the root.
double control_group_value(char const* file_name, double otherwise) {
  std::ifstream groups("/proc/self/cgroup");
  std::string line;
  double smallest = otherwise;
  while (std::getline(groups, line)) {
    if (!line.starts_with("0::")) continue;
    std::string path = line.substr(3);
    while (true) {
      std::ifstream file("/sys/fs/cgroup" + path + "/" + file_name);
      double value = 0;
      if (file >> value) smallest = std::min(smallest, value);
      if (path.empty()) break;
      path.erase(path.find_last_of('/'));
    }
  }
  return smallest;
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "unknown host";
  return name.data();
}

std::vector<int> allowed_cores() {
  std::vector<int> cores;
  std::size_t const bytes = CPU_ALLOC_SIZE(most_cores);
  std::vector<unsigned long> words(bytes / sizeof(unsigned long));
  auto* const set = reinterpret_cast<cpu_set_t*>(words.data());
  if (sched_getaffinity(0, bytes, set) != 0) return cores;
  for (int core = 0; core < most_cores; ++core)
    if (CPU_ISSET_S(static_cast<std::size_t>(core), bytes, set)) cores.push_back(core);
  return cores;
}

int machine_cores() { return static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)); }

NodeMemory node_memory() {
  NodeMemory memory{meminfo("MemTotal"), meminfo("MemAvailable")};
  memory.total = control_group_value("memory.max", memory.total);
  memory.available = std::min(memory.available, memory.total);
  return memory;
}

double resident_memory() {
  std::ifstream file("/proc/self/statm");
  double all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

std::optional<DiskSpace> disk_space(std::string const& directory) {
  struct statvfs status {};
  if (statvfs(directory.c_str(), &status) != 0) return std::nullopt;
  auto const unit = static_cast<double>(status.f_frsize);
  return DiskSpace{unit * static_cast<double>(status.f_blocks), unit * static_cast<double>(status.f_bavail)};
}

std::optional<std::string> why_not_writable(std::string const& directory) {
  if (directory.empty()) return "no such directory";
  std::string name = directory + "/.confer-doctor-XXXXXX";
  int const file = mkstemp(name.data());
  if (file < 0) return std::strerror(errno);
  std::optional<std::string> reason;
  if (write(file, "x", 1) != 1) reason = std::strerror(errno);
  close(file);
  unlink(name.c_str());
  return reason;
}

}  // namespace confer
