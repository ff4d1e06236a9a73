/// Options of a command as data: names, help, and what their text does to the job. Read from the command line and
/// from job files; help is printed from the same table.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace confer::app {

/// One long option. `set` receives its text and throws std::invalid_argument with the reason when it is wrong.
struct Option {
  std::string name;         ///< without dashes
  std::string placeholder;  ///< "FILE"; empty for a switch, which is set to "true" or "false"
  std::string help;
  std::function<void(std::string const&)> set;
};

/// A switch that sets `target`.
Option switch_option(std::string name, std::string help, bool& target);

/// Options under one heading of the help. A job file may use the heading in lower case as a section.
struct OptionGroup {
  std::string title;
  std::vector<Option> options;
};

/// The arguments that are not options.
struct Positional {
  std::string name;         ///< key in a job file; empty: the command takes none
  std::string placeholder;  ///< "DATA"
  bool many = true;
  std::function<void(std::vector<std::string> const&)> set;
  bool required = true;
};

/// Everything there is to know about the syntax of one command.
struct Syntax {
  std::string command;
  std::string usage;        ///< "DATA... --output FILE [options]"
  std::string description;  ///< what it does; paragraphs separated by empty lines
  Positional positional;
  std::vector<OptionGroup> groups;
  std::vector<std::pair<std::string, std::string>> exclusive;  ///< options of which only one may be given
  std::vector<std::pair<std::string, std::string>> examples;   ///< command line, what it does
};

/// What a command line asked for besides setting options.
struct Given {
  bool help = false;
  std::string job_text;  ///< the whole job as a job file that runs it again
};

/// Reads arguments, and the job file that --job names; what the command line says wins. Calls `set` of every option
/// given. Throws UsageError naming the option, or job file and line.
Given read_options(Syntax const& syntax, std::vector<std::string> const& arguments);

/// The text of `confer COMMAND --help`.
std::string help_text(Syntax const& syntax);

/// Prose and two aligned columns, wrapped at 100 characters.
std::string wrapped(std::string const& text, std::size_t indent);
std::string two_columns(std::vector<std::pair<std::string, std::string>> const& rows);

/// "; did you mean 'x'" material: the known word nearest to `word`, empty when none is near.
std::string nearest(std::string const& word, std::vector<std::string> const& known);

}  // namespace confer::app
