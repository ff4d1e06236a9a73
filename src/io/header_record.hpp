/// Headers as records: what a child process that read one sends to its parent.
#pragma once

#include <string>
#include <variant>

#include "io/file_header.hpp"

namespace confer {

std::string header_record(std::variant<FileHeader, RefusedFile> const& header);

/// Throws std::runtime_error when the record was cut off.
std::variant<FileHeader, RefusedFile> header_from_record(std::string const& record);

}  // namespace confer
