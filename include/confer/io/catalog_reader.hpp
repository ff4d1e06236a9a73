/// Finds the input files and reads their headers into a Catalog. Only rank 0 calls this.
#pragma once

#include <string>
#include <vector>

#include "confer/model/catalog.hpp"

namespace confer {

/// The *.h5 files that a list of files, directories (searched recursively) and globs names, sorted, without repeats.
/// Throws InputError for an argument that names nothing.
std::vector<std::string> find_data_files(std::vector<std::string> const& data);

/// Reads all headers, joins shards into checkpoints and checks them. What is unusable becomes a Refusal; the rest
/// is in the catalog. Results of this program that a search finds are passed over; named, they are refused. Throws InputError only when nothing at all is usable.
Catalog read_catalog(std::vector<std::string> const& data);

/// Whether there is a file of activations at `path`.
bool holds_activations(std::string const& path);

}  // namespace confer
