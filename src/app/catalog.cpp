#include "confer/run/catalog.hpp"

#include "app/commands.hpp"
#include "app/option_groups.hpp"

namespace confer::app {

Job prepare_catalog(std::vector<std::string> const& arguments) {
  JobConfig config;
  config.command = "catalog";
  Syntax syntax;
  syntax.command = config.command;
  syntax.usage = "DATA... [--json] [--strict]";
  syntax.description =
      "Lists the networks, training steps and layers that DATA hold, with shapes, number types and shards, and reads "
      "all values once to find what cannot be used and why. Run it before a large job.\n\n"
      "DATA are activation files, directories (searched for *.h5) and quoted patterns.";
  syntax.positional = data_positional(config.selection);
  syntax.groups = {{"Output",
                    {switch_option("json", "everything as JSON instead of a table", config.run.json),
                     switch_option("strict", "end with code 3 when anything is unusable", config.run.strict)}}};
  syntax.examples = {{"confer catalog runs/", "what is there, and whether it is sound"},
                     {"confer catalog 'runs/*/step-0*.h5' --json > catalog.json", "for scripts"}};
  Given const given = read_options(syntax, arguments);
  if (given.help) return printing(help_text(syntax));
  config.text = given.job_text;
  return [config](Communicator const& comm) { return run_catalog(config, comm); };
}

}  // namespace confer::app
