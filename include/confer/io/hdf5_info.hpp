/// Which HDF5 the program uses and which compressed data it can read.
#pragma once

#include <string>
#include <vector>

namespace confer {

struct Hdf5Filter {
  std::string name;
  bool available = false;  ///< built in or found as a plugin
  bool standard = false;   ///< part of every stock build
};

struct Hdf5Info {
  std::string version;
  bool parallel = false;  ///< built with MPI-IO
  std::vector<Hdf5Filter> filters;
};
Hdf5Info hdf5_info();

}  // namespace confer
