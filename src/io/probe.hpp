/// Tries something in a child process first: the HDF5 library itself crashes on some damaged files.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace confer {

/// Runs `work` on every path in a child process, and returns which of them (ascending) end the child by a crash or
/// take longer than `seconds`. What work throws counts as survived. Nothing is tried, and nothing reported, where no
/// child process can be started.
std::vector<std::size_t> deadly_paths(std::vector<std::string> const& paths,
                                      std::function<void(std::string const&)> const& work, unsigned seconds);

}  // namespace confer
