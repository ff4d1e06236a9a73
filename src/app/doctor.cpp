#include "confer/run/doctor.hpp"

#include "app/commands.hpp"
#include "app/option_groups.hpp"

namespace confer::app {

Job prepare_doctor(std::vector<std::string> const& arguments) {
  JobConfig config;
  config.command = "doctor";
  OptionGroup resources = resource_options(config.run);
  std::erase_if(resources.options, [](Option const& o) { return o.name != "threads" && o.name != "scratch"; });
  Syntax syntax;
  syntax.command = config.command;
  syntax.usage = "[options]";
  syntax.description =
      "Looks at MPI, cores, BLAS and its kernel, ScaLAPACK, HDF5, memory and disk the way a job would use them, and says "
      "what is wrong and how to cure it. Start it exactly as the job will be started. Ends with code 4 when jobs would fail.";
  syntax.groups = {resources};
  syntax.examples = {{"confer doctor", "is this machine ready?"},
                     {"srun confer doctor --threads 4 --scratch /scratch/me", "are these nodes?"}};
  if (read_options(syntax, arguments).help) return printing(help_text(syntax));
  return [config](Communicator const& comm) { return run_doctor(config, comm); };
}

}  // namespace confer::app
