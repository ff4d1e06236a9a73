/// `confer catalog`: lists and checks the data.
#pragma once

#include <string>

#include "confer/comm/communicator.hpp"
#include "confer/model/catalog.hpp"
#include "confer/model/config.hpp"

namespace confer {

/// A table for people: networks, steps, layers with shape, axes, number type and storage, targets, warnings, and what
/// was refused with reasons. Every name in it is safe to print.
std::string describe_catalog(Catalog const& catalog);

/// Collective. Reads the headers and scans the values; rank 0 prints the table, or JSON with config.run.json, on
/// standard output. Returns the exit code: done, or partial when something was refused. Throws InputError when
/// nothing is usable, and with config.run.strict when anything was refused.
int run_catalog(JobConfig const& config, Communicator const& comm);

}  // namespace confer
