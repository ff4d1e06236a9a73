/// The bytes of an array as its file holds them, before any filter is undone.
#pragma once

#include <string>

#include "confer/core/types.hpp"
#include "io/h5.hpp"

namespace confer {

/// Stands for all values of a chunked array: equal texts, equal arrays. Empty for other layouts, for arrays that were
/// not written in full, and for very many chunks, where reading the values is the cheaper way to tell.
/// file_bytes: size of the file, which no chunk can exceed.
std::string stored_bytes_key(h5::Id dataset, h5::Place const& place, Index file_bytes);

}  // namespace confer
