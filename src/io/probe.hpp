/// Tries something in a child process first: the HDF5 library itself crashes on some damaged files.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace confer {

/// What came of one path.
struct Probed {
  bool deadly = false;               ///< it ends the child by a crash, or takes longer than it may
  std::optional<std::string> found;  ///< what `work` returned; nullopt also when it threw, or was not tried
};

/// Runs `work` on every path in a child process, with `seconds` for each. Nothing is tried where no child process can
/// be started.
std::vector<Probed> probe(std::vector<std::string> const& paths,
                          std::function<std::string(std::string const&)> const& work, unsigned seconds);

}  // namespace confer
