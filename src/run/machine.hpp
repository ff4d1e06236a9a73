/// Facts about the machine under this rank, as the operating system tells them.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace confer {

std::string host_name();

/// The numbers of the cores that this process may use (its affinity).
std::vector<int> allowed_cores();

/// Cores of the machine, whoever may use them.
int machine_cores();

/// Bytes; total is the smaller of what the machine has and what the control group of this process allows.
struct NodeMemory {
  double total = 0;
  double available = 0;
};
NodeMemory node_memory();

/// Bytes of memory that this process has in use.
double resident_memory();

/// Bytes of the file system that holds the directory; nothing if there is no such directory.
struct DiskSpace {
  double total = 0;
  double available = 0;
};
std::optional<DiskSpace> disk_space(std::string const& directory);

/// Why no file can be written to the directory; nothing if one can. Leaves no file behind.
std::optional<std::string> why_not_writable(std::string const& directory);

}  // namespace confer
