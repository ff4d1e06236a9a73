#include "confer/run/plan.hpp"

#include "app/commands.hpp"
#include "app/compare_options.hpp"
#include "app/option_groups.hpp"

namespace confer::app {

Job prepare_plan(std::vector<std::string> const& arguments) {
  JobConfig config;
  config.command = "plan";
  Syntax syntax;
  syntax.command = config.command;
  syntax.usage = "DATA... [options]";
  syntax.description =
      "Says what confer compare would cost with the same arguments: arithmetic, memory of each rank, bytes read, words "
      "on the network, time, and the #SBATCH lines to ask for. Reads headers only and computes nothing.";
  syntax.positional = data_positional(config.selection);
  syntax.groups = {
      compare_options(config.compare), input_options(config.selection), method_options(config),
      output_options(config.run, "accepted and ignored, so that the line of a job can be planned as it is"),
      resource_options(config.run)};
  syntax.exclusive = compare_exclusions();
  syntax.examples = {{"confer plan runs/", "is this a matter of seconds or of days?"},
                     {"confer plan --job compare.ini", "the cost of the job in a file"}};
  Given const given = read_options(syntax, arguments);
  if (given.help) return printing(help_text(syntax));
  config.text = given.job_text;
  return [config](Communicator const& comm) { return run_plan(config, comm); };
}

}  // namespace confer::app
