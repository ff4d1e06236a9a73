/// The commands of the program.
#pragma once

#include <exception>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "confer/comm/communicator.hpp"

namespace confer::app {

/// What remains to be done once the command line is understood. Collective. Returns the exit code.
using Job = std::function<int(Communicator const&)>;

/// One command. `prepare` reads its arguments without communicating and throws UsageError.
struct Command {
  char const* name;
  char const* summary;
  Job (*prepare)(std::vector<std::string> const& arguments);
};

/// All commands in the order of the help.
std::vector<Command> const& commands();

/// Understands the arguments of the program: chooses the command and prepares it. Throws UsageError.
Job prepare(std::vector<std::string> const& arguments);

/// Collective. Prepares and does what the arguments ask for; returns the exit code. Wrong usage is told once and ends
/// all ranks with the same code.
int run(std::vector<std::string> const& arguments, Communicator const& comm);

/// Exit code and message of an error of any kind.
std::pair<int, std::string> explain(std::exception_ptr const& failure);

/// "confer: message" on standard error.
void print_error(std::string const& message);

/// A job that prints `text` on rank 0.
Job printing(std::string text);

Job prepare_align(std::vector<std::string> const& arguments);
Job prepare_match(std::vector<std::string> const& arguments);
Job prepare_catalog(std::vector<std::string> const& arguments);
Job prepare_compare(std::vector<std::string> const& arguments);
Job prepare_doctor(std::vector<std::string> const& arguments);
Job prepare_measures(std::vector<std::string> const& arguments);
Job prepare_dynamics(std::vector<std::string> const& arguments);
Job prepare_plan(std::vector<std::string> const& arguments);
Job prepare_report(std::vector<std::string> const& arguments);
Job prepare_table(std::vector<std::string> const& arguments);

}  // namespace confer::app
