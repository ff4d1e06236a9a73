#include "confer/run/report.hpp"

#include <cstdio>
#include <filesystem>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"
#include "confer/io/results.hpp"
#include "confer/io/whole_file.hpp"
#include "confer/report/html.hpp"
#include "run/figure_files.hpp"

namespace confer {

namespace {

void write_report(JobConfig const& config, std::string const& figures) {
  // The place is checked before the reading, which may take a while.
  check_output_path(config.run.output);
  std::vector<ReportInput> inputs;
  for (auto const& path : config.selection.data) {
    std::error_code ignored;
    if (std::filesystem::equivalent(path, config.run.output, ignored))
      throw UsageError("--output " + printable(config.run.output) + " is one of the results to report",
                       "the page would replace it", "give the page another name");
    inputs.push_back({path, read_results(path)});
  }
  write_text_file(config.run.output, [&](std::ostream& out) { write_html_report(out, inputs); });
  std::string drawn;
  if (!figures.empty()) drawn = write_figures(figures, report_figures(inputs));
  if (config.run.quiet) return;
  std::error_code unknown;
  auto const bytes = std::filesystem::file_size(config.run.output, unknown);
  std::string text = printable(config.run.output);
  if (!unknown) text += " (" + format_bytes(static_cast<double>(bytes)) + ")";
  if (!report_has_figures())
    text +=
        ", without figures: this confer was built without the Vega bundles (cluster/fetch-vega.sh, then build again)";
  std::fprintf(stderr, "report: %s\n", text.c_str());
  if (!drawn.empty()) std::fprintf(stderr, "figures: %s\n", drawn.c_str());
}

}  // namespace

int run_report(JobConfig const& config, std::string const& figures, Communicator const& comm) {
  together(comm, [&] {
    if (comm.is_root()) write_report(config, figures);
  });
  return static_cast<int>(ExitCode::done);
}

}  // namespace confer
