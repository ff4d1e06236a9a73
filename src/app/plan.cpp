#include "confer/run/plan.hpp"

#include "app/commands.hpp"
#include "app/compare_options.hpp"
#include "app/option_groups.hpp"
#include "app/values.hpp"
#include "confer/core/error.hpp"

namespace confer::app {

namespace {

constexpr Index most_ranks = 1 << 20, most_representations = 1 << 20, most_rows = Index{1} << 40,
                most_neurons = 1 << 28;

OptionGroup plan_options(JobConfig& config) {
  PlanOptions& plan = config.plan;
  auto const whole = [](auto& target, Index lowest, Index highest) {
    return
        [&target, lowest, highest](std::string const& text) { target = whole_number_between(text, lowest, highest); };
  };
  return {
      "Plan",
      {{"ranks", "P", "ranks to plan for (default: those it runs on)", whole(plan.ranks, 1, most_ranks)},
       {"nodes", "N", "nodes that they are spread over (default: one, or those it runs on)",
        whole(plan.nodes, 1, most_ranks)},
       {"representations", "R", "plan without data: R representations of the size that --samples and --neurons give",
        whole(plan.representations, 1, most_representations)},
       {"neurons", "P", "neurons of each of them; with --representations", whole(plan.neurons, 1, most_neurons)},
       {"rank", "K", "directions that each keeps (default: as many as there can be)",
        whole(plan.rank, 1, most_neurons)},
       switch_option("json", "everything as JSON", config.run.json)}};
}

void check(Syntax const& syntax, JobConfig const& config) {
  PlanOptions const& plan = config.plan;
  bool const sized = plan.samples > 0 || plan.neurons > 0;
  if (plan.representations && !config.selection.data.empty())
    throw UsageError("--representations and DATA exclude each other", "either data or numbers give the sizes",
                     "give one");
  if (!plan.representations && config.selection.data.empty())
    throw UsageError("DATA is missing", "confer " + syntax.command + " " + syntax.usage,
                     "name data, or sizes with --representations, --samples and --neurons");
  if (!plan.representations && sized)
    throw UsageError("--neurons needs --representations", "the data tell their own size", "leave it out");
  if (plan.representations && plan.samples == 0)
    throw UsageError("--samples is missing", "--representations needs it", "add --samples N");
  if (plan.representations && plan.neurons == 0)
    throw UsageError("--neurons is missing", "--representations needs it", "add --neurons P");
  if (plan.nodes && plan.ranks && *plan.nodes > *plan.ranks)
    throw UsageError("--nodes is larger than --ranks", "every node has at least one rank", "ask for fewer nodes");
}

/// "N" is what --samples means without data; "A:B" selects inputs of data.
void accept_number_of_samples(OptionGroup& input, PlanOptions& plan) {
  for (auto& option : input.options) {
    if (option.name != "samples") continue;
    option.placeholder = "A:B|N";
    option.help += "; N: rows of each representation, with --representations";
    option.set = [&plan, select = option.set](std::string const& text) {
      if (text.find(':') != text.npos) return select(text);
      plan.samples = whole_number_between(text, 2, most_rows);
    };
  }
}

}  // namespace

Job prepare_plan(std::vector<std::string> const& arguments) {
  JobConfig config;
  config.command = "plan";
  Syntax syntax;
  syntax.command = config.command;
  syntax.usage = "DATA... | --representations R --samples N --neurons P [options]";
  syntax.description =
      "Says what confer compare would cost with the same arguments: arithmetic, memory of each rank, bytes read, words "
      "on the network, time, and the #SBATCH lines to ask for. Reads headers only, measures the machine for about a "
      "second and computes nothing; ranks and nodes need not be there.";
  syntax.positional = data_positional(config.selection);
  syntax.positional.required = false;
  OptionGroup input = input_options(config.selection);
  accept_number_of_samples(input, config.plan);
  syntax.groups = {
      plan_options(config),
      compare_options(config.compare),
      input,
      method_options(config),
      output_options(config.run, "accepted and ignored, so that the line of a job can be planned as it is"),
      resource_options(config.run)};
  syntax.exclusive = compare_exclusions();
  syntax.examples = {
      {"confer plan runs/ --ranks 64 --nodes 2", "is this a matter of seconds or of days?"},
      {"confer plan --representations 10000 --samples 2000 --neurons 512 --rank 50 --ranks 4096 --nodes 64",
       "the cost of an experiment not yet made"},
      {"confer plan --job compare.ini", "the cost of the job in a file"}};
  Given const given = read_options(syntax, arguments);
  if (given.help) return printing(help_text(syntax));
  check(syntax, config);
  config.text = given.job_text;
  return [config](Communicator const& comm) { return run_plan(config, comm); };
}

}  // namespace confer::app
