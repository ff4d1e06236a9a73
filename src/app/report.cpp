#include "confer/run/report.hpp"

#include "app/commands.hpp"
#include "app/option_groups.hpp"
#include "app/options.hpp"

namespace confer::app {

Job prepare_report(std::vector<std::string> const& arguments) {
  JobConfig config;
  config.command = "report";
  std::string figures;
  Syntax syntax;
  syntax.command = "report";
  syntax.usage = "RESULT... --output FILE.html [--figures DIR]";
  syntax.description =
      "Writes results files as one page that needs no network and no other file: the answer in words, interactive "
      "figures with exact numbers in their tooltips, tables, and how all of it was computed. Every figure can be saved "
      "as PNG or SVG from its menu.";
  syntax.positional = {"result", "RESULT", true,
                       [&config](std::vector<std::string> const& words) { config.selection.data = words; }};
  syntax.groups = {
      {"Output",
       {{"output", "FILE", "the page to write", [&config](std::string const& text) { config.run.output = text; }},
        {"figures", "DIR",
         "also write every figure into DIR: its Vega-Lite specification and, where node is installed, an SVG",
         [&figures](std::string const& text) { figures = text; }},
        switch_option("quiet", "say nothing but errors", config.run.quiet)}}};
  syntax.examples = {{"confer report results.h5 --output report.html", "one analysis"},
                     {"confer report compare.h5 align.h5 --output report.html", "several, one after the other"},
                     {"confer report results.h5 --output report.html --figures figures", "figures for a paper"}};
  Given const given = read_options(syntax, arguments);
  if (given.help) return printing(help_text(syntax));
  require_output(syntax, config.run, "report.html");
  config.text = given.job_text;
  return [config, figures](Communicator const& comm) { return run_report(config, figures, comm); };
}

}  // namespace confer::app
