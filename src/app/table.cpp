#include <filesystem>
#include <iostream>

#include "app/commands.hpp"
#include "app/options.hpp"
#include "app/values.hpp"
#include "confer/core/error.hpp"
#include "confer/core/utf8.hpp"
#include "confer/io/results.hpp"
#include "confer/io/whole_file.hpp"
#include "confer/report/csv.hpp"

namespace confer::app {

namespace {

struct TableJob {
  std::string results, output;
  TableRequest request;
};

void write_table(TableJob const& job) {
  std::error_code ignored;
  if (std::filesystem::equivalent(job.results, job.output, ignored))
    throw UsageError("--output " + printable(job.output) + " is the results file itself", "the table would replace it",
                     "give the table another name");
  ResultSet const results = read_results(job.results);
  std::vector<std::string> left_out;
  auto const write = [&](std::ostream& out) { left_out = write_csv(results, job.request, out); };
  if (job.output.empty()) {
    write(std::cout);
    std::cout.flush();
    if (!std::cout) throw EnvironmentError("cannot write the table to standard output", "the write failed");
  } else {
    write_text_file(job.output, write);
  }
  if (!left_out.empty())
    print_error("not in this table: " + join(left_out, ", ") + "; ask for them with --measure NAME");
}

}  // namespace

Job prepare_table(std::vector<std::string> const& arguments) {
  TableJob job;
  bool wide = false;
  Syntax syntax;
  syntax.command = "table";
  syntax.usage = "RESULT [--measure NAME[,NAME]] [--wide] [--output FILE]";
  syntax.description =
      "Writes a results file as CSV to standard output, tidy: one row per pair and measure with the labels of both "
      "representations, the value, its chance level, its distance from that in standard deviations, and the "
      "reason when there is no value. Results of other kinds have one row per position along their dimensions.";
  syntax.positional = {"result", "RESULT", false,
                       [&job](std::vector<std::string> const& words) { job.results = words.front(); }};
  syntax.groups = {{"Table",
                    {{"measure", "NAME",
                      "measures, or any variables of the file, with commas between them "
                      "(default: all measures)",
                      [&job](std::string const& text) { job.request.measures = name_list(text); }},
                     switch_option("wide", "one measure as a matrix with labels on both sides", wide),
                     {"output", "FILE", "write to FILE instead of standard output",
                      [&job](std::string const& text) { job.output = text; }}}}};
  syntax.examples = {{"confer table results.h5 > results.csv", "all measures, for pandas or R"},
                     {"confer table results.h5 --measure cka --wide --output cka.csv", "one matrix, for a spreadsheet"},
                     {"confer table results.h5 --measure rank,participation_ratio", "numbers of each representation"}};
  Given const given = read_options(syntax, arguments);
  if (given.help) return printing(help_text(syntax));
  if (wide) job.request.shape = TableShape::wide;
  return [job](Communicator const& comm) {
    together(comm, [&] {
      if (comm.is_root()) write_table(job);
    });
    return static_cast<int>(ExitCode::done);
  };
}

}  // namespace confer::app
