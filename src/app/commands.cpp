#include "app/commands.hpp"

#include <cstdio>
#include <iostream>
#include <new>
#include <optional>
#include <span>

#include "app/job_file.hpp"
#include "app/options.hpp"
#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"

namespace confer::app {

namespace {

std::string overview() {
  std::vector<std::pair<std::string, std::string>> rows;
  for (auto const& command : commands()) rows.emplace_back(command.name, command.summary);
  return "Usage: confer COMMAND ARGUMENTS [options]\n"
         "       mpirun -n RANKS confer COMMAND ARGUMENTS [options]\n"
         "       confer --job FILE [options]\n\n"
         "Compares the representations that trained networks have learned.\n\nCommands\n" +
         two_columns(rows) + "\nOptions\n" +
         two_columns({{"--help", "this text; confer COMMAND --help says more"},
                      {"--version", "the version of the program"},
                      {"--job FILE", "run the job in FILE: lines 'option = value', with 'command = NAME'"}}) +
         "\nExit codes\n" +
         two_columns({{"0", "done"},
                      {"1", "done, but some representations or pairs could not be computed"},
                      {"2", "wrong usage"},
                      {"3", "unusable input"},
                      {"4", "the environment failed: MPI, disk full, a dead rank"},
                      {"75", "stopped on request, finished work is saved: the same command goes on"}});
}

// `confer --job FILE ...`: the file names its command.
std::string command_from_job(std::vector<std::string> const& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string path;
    if (arguments[i] == "--job" && i + 1 < arguments.size()) path = arguments[i + 1];
    if (arguments[i].starts_with("--job=")) path = arguments[i].substr(6);
    if (path.empty() && (arguments[i] == "--job" || arguments[i] == "--job="))
      throw UsageError("--job needs a value", "it is the last word", "name the job file");
    if (path.empty()) continue;
    std::string const command = command_of(read_job_file(path));
    if (command.empty())
      throw UsageError("--job '" + printable(path) + "' names no command", "it has no line 'command = NAME'",
                       "write confer COMMAND --job FILE, or add that line");
    return command;
  }
  throw UsageError("'" + printable(arguments.front()) + "' is not a command", "the command comes first",
                   "see confer --help");
}

}  // namespace

std::vector<Command> const& commands() {
  static std::vector<Command> const table = {
      {"catalog", "what the data hold: networks, steps, layers, and what cannot be used", prepare_catalog},
      {"compare", "all-pairs similarity of representations", prepare_compare},
      {"report", "results files as one page to look at", prepare_report},
      {"table", "a result file as CSV", prepare_table},
      {"align", "alignment of singular vectors with targets", prepare_align},
      {"match", "which neurons of different networks are the same", prepare_match},
      {"dynamics", "theory of learning dynamics fitted to training runs", prepare_dynamics},
      {"plan", "what a comparison would cost: time, memory, network, and what to ask a cluster for", prepare_plan},
      {"measures", "the similarity measures: range, invariances, reference", prepare_measures},
      {"doctor", "what jobs would run on here, and what is wrong with it", prepare_doctor},
  };
  return table;
}

Job prepare(std::vector<std::string> const& arguments) {
  if (arguments.empty())
    return [](Communicator const& comm) {
      if (comm.is_root()) std::cerr << overview() << std::flush;
      return static_cast<int>(ExitCode::usage);
    };
  std::string const& first = arguments.front();
  if (first == "--help" || first == "-h" || first == "help") {
    if (first == "help" && arguments.size() > 1) return prepare({arguments[1], "--help"});
    return printing(overview());
  }
  if (first == "--version") return printing("confer " CONFER_VERSION "\n");
  bool const named = !first.starts_with("-");
  std::string const name = named ? first : command_from_job(arguments);
  std::vector<std::string> names;
  for (auto const& command : commands()) {
    if (name == command.name) return command.prepare({arguments.begin() + (named ? 1 : 0), arguments.end()});
    names.emplace_back(command.name);
  }
  std::string const near = nearest(name, names);
  throw UsageError("unknown command '" + printable(name) + "'", "there are " + join(names, ", "),
                   near.empty() ? "see confer --help" : "did you mean " + near + "?");
}

int run(std::vector<std::string> const& arguments, Communicator const& comm) {
  Job job;
  std::optional<Error> wrong;
  try {
    job = prepare(arguments);
  } catch (Error const& error) {
    wrong = error;
  }
  // All ranks read the same arguments, but perhaps not the same job file: the lowest rank that objects decides.
  double first = wrong ? comm.rank() : comm.size();
  comm.all_min(std::span(&first, 1));
  if (first == static_cast<double>(comm.size())) {
    try {
      return job(comm);
    } catch (StopRequested const& stopped) {  // on all ranks: MPI ends in order
      if (comm.is_root()) print_error(stopped.what());
      return static_cast<int>(ExitCode::stopped);
    }
  }
  double code = wrong ? static_cast<double>(wrong->code()) : 0;
  comm.all_max(std::span(&code, 1));
  if (first == static_cast<double>(comm.rank())) print_error(wrong->what());
  return static_cast<int>(code);
}

std::pair<int, std::string> explain(std::exception_ptr const& failure) {
  auto const environment = static_cast<int>(ExitCode::environment);
  try {
    std::rethrow_exception(failure);
  } catch (Error const& error) {
    return {static_cast<int>(error.code()), error.what()};
  } catch (std::bad_alloc const&) {
    return {environment,
            "memory ran out (an allocation failed); use fewer ranks per node, or a smaller "
            "--memory-per-rank"};
  } catch (std::exception const& error) {
    return {environment, error.what()};
  }
}

void print_error(std::string const& message) {
  std::fputs(("confer: " + message + "\n").c_str(), stderr);
  std::fflush(stderr);
}

Job printing(std::string text) {
  return [text = std::move(text)](Communicator const& comm) {
    together(comm, [&] {
      if (!comm.is_root()) return;
      std::cout << text << std::flush;
      if (!std::cout) throw EnvironmentError("cannot write to standard output");
    });
    return static_cast<int>(ExitCode::done);
  };
}

}  // namespace confer::app
