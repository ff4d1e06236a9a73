#include "run/figure_files.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <ostream>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"
#include "confer/io/whole_file.hpp"

extern char** environ;

namespace confer {

namespace {

/// A file that is gone when this is.
struct Temporary {
  std::string path;
  ~Temporary() {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
};

enum class Drawn { yes, failed, no_node };

/// Runs `node program files...` and waits for it.
Drawn run_node(std::string const& program, std::vector<std::string> const& files) {
  std::vector<std::string> words = {"node", program};
  words.insert(words.end(), files.begin(), files.end());
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  if (posix_spawnp(&child, "node", nullptr, nullptr, arguments.data(), environ) != 0) return Drawn::no_node;
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return Drawn::failed;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127) return Drawn::no_node;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? Drawn::yes : Drawn::failed;
}

}  // namespace

std::string write_figures(std::string const& directory, std::vector<ReportFigure> const& figures) {
  std::error_code failure;
  std::filesystem::create_directories(directory, failure);
  if (!std::filesystem::is_directory(directory))
    throw EnvironmentError("cannot make the directory of --figures '" + printable(directory) + "'", failure.message());
  std::vector<std::string> files;
  for (auto const& figure : figures) {
    files.push_back((std::filesystem::absolute(directory) / (figure.name + ".vl.json")).string());
    write_text_file(files.back(), [&](std::ostream& out) { out << figure.specification << '\n'; });
  }
  std::string const what =
      format_count(static_cast<Index>(files.size())) + " Vega-Lite specifications in " + printable(directory);
  std::string const program = figure_program();
  if (program.empty()) return what + "; no SVG: this confer was built without the Vega bundles";
  Temporary const script{
      (std::filesystem::absolute(directory) / (".draw-" + std::to_string(getpid()) + ".cjs")).string()};
  write_text_file(script.path, [&](std::ostream& out) { out << program; });
  switch (run_node(script.path, files)) {
    case Drawn::yes:
      return what + ", each also as SVG";
    case Drawn::failed:
      throw EnvironmentError("the figures could not be drawn as SVG (node ended with an error)",
                             "its message stands above", "the specifications beside them are complete");
    case Drawn::no_node:
      break;
  }
  return what + "; no SVG: node is not installed (any Vega-Lite tool draws the specifications)";
}

}  // namespace confer
