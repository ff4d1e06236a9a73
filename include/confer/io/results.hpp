/// Results files: HDF5 that is also netCDF-4, written whole or not at all.
#pragma once

#include <functional>
#include <string>

#include "confer/io/whole_file.hpp"  // check_output_path
#include "confer/model/result_set.hpp"

namespace confer {

/// Writes under a temporary name beside `path` and renames at the end. Throws EnvironmentError (disk full, no
/// permission) and removes the temporary file.
void write_results(std::string const& path, ResultSet const& results);

/// Reads a results file, or of its variables only those that are `wanted`. Throws InputError naming the file when it
/// is missing, damaged or not confer's.
ResultSet read_results(std::string const& path, std::function<bool(std::string const& name)> const& wanted = {});

}  // namespace confer
