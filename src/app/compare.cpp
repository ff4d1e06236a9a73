#include "confer/run/compare.hpp"

#include "app/commands.hpp"
#include "app/compare_options.hpp"
#include "app/option_groups.hpp"

namespace confer::app {

Job prepare_compare(std::vector<std::string> const& arguments) {
  JobConfig config;
  config.command = "compare";
  Syntax syntax;
  syntax.command = config.command;
  syntax.usage = "DATA... --output FILE [options]";
  syntax.description =
      "Compares all pairs of representations: every layer of every network at every training step with every "
      "other. The result opens in xarray: one matrix for each measure, beside it the level that chance alone "
      "would reach, and a reason for every value that could not be computed.\n\n"
      "DATA are activation files, directories (searched for *.h5) and quoted patterns. A job that was stopped "
      "goes on where it was when it is started again by the same command.";
  syntax.positional = data_positional(config.selection);
  syntax.groups = {compare_options(config.compare), input_options(config.selection), method_options(config),
                   output_options(config.run, "the results file, HDF5 that is also netCDF-4 (required)"),
                   resource_options(config.run)};
  syntax.exclusive = compare_exclusions();
  syntax.examples = {{"confer compare runs/ --output results.h5", "everything under runs/ by the core measures"},
                     {"mpirun -n 8 confer compare runs/ --steps last --measures cka,pwcca -o final.h5",
                      "trained networks only, two measures, on 8 cores"},
                     {"confer compare 'runs/net*' --pairs 'to=*@5000/*' --layers 'fc*' -o convergence.h5",
                      "how close the fully connected layers are to their state at step 5000"}};
  Given const given = read_options(syntax, arguments);
  if (given.help) return printing(help_text(syntax));
  require_output(syntax, config.run);
  config.text = given.job_text;
  return [config](Communicator const& comm) { return run_compare(config, comm); };
}

}  // namespace confer::app
