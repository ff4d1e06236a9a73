#include "confer/run/dynamics.hpp"

#include "app/commands.hpp"
#include "app/option_groups.hpp"
#include "app/values.hpp"

namespace confer::app {

namespace {

/// "all", a number of pairs to draw, or a list such as "0-1,3-7".
void set_pairs(DynamicsOptions& dynamics, std::string const& text) {
  dynamics.pairs.clear();
  dynamics.sample.reset();
  if (text == "all") {
    dynamics.sample = Index{1} << 40;
    return;
  }
  if (text.find('-') == std::string::npos) {
    dynamics.sample = whole_number_between(text, 1, Index{1} << 40);
    return;
  }
  for (auto const& pair : name_list(text)) {
    auto const ends = split(pair, '-');
    if (ends.size() != 2) throw std::invalid_argument("a pair is two inputs, such as 0-1");
    Index const a = whole_number_between(ends[0], 0, Index{1} << 40),
                b = whole_number_between(ends[1], 0, Index{1} << 40);
    if (a == b) throw std::invalid_argument("a pair needs two different inputs");
    dynamics.pairs.emplace_back(a, b);
  }
}

OptionGroup dynamics_options(DynamicsOptions& dynamics) {
  auto const store = [](std::string& target) { return [&target](std::string const& text) { target = text; }; };
  return {
      "Dynamics",
      {{"pairs", "WHICH",
        "pairs of inputs to follow: all, a number to draw at random, or a list such as 0-1,3-7 (default: all when "
        "there are at most 300, else 100 drawn)",
        [&dynamics](std::string const& text) { set_pairs(dynamics, text); }},
       {"seed", "N", "seed of the draw (default: 0)",
        [&dynamics](std::string const& text) { dynamics.seed = whole_number_between(text, 0, Index{1} << 40); }},
       {"target", "NAME", "targets under /targets (default: those as wide as the output)", store(dynamics.target)},
       {"output-layer", "NAME", "the layer of the outputs (default: output, or else the last layer)",
        store(dynamics.output_layer)},
       {"input-layer", "NAME",
        "the layer of the raw inputs, for their distances X (default: none; only eta_h X is then known)",
        store(dynamics.input_layer)},
       switch_option("controls", "also fit deliberately wrong equations, which should do worse", dynamics.controls),
       switch_option("range-normalised", "weigh h, y and w by their ranges in the fit", dynamics.range_normalised)}};
}

OptionGroup further_options(DynamicsOptions& dynamics) {
  return {
      "Further",
      {switch_option("convergence", "similarity of every layer at every step to its state at the last step",
                     dynamics.convergence),
       switch_option("sequences", "similarity of the time steps of sequence layers", dynamics.sequences),
       {"group-by", "NAME[,NAME]",
        "file attributes whose values make groups of networks: similarity within and between them, at the last steps",
        [&dynamics](std::string const& text) { dynamics.group_by = name_list(text); }},
       {"measure", "NAME", "similarity measure of these three (default: pwcca, mean of both directions)",
        [&dynamics](std::string const& text) { dynamics.measure = text; }},
       {"census", "MEANS[,LOGVARS]",
        "layers of a variational autoencoder: means and log-variances of its latent units, which are told to be "
        "active, mixed or passive",
        [&dynamics](std::string const& text) {
          auto const names = name_list(text);
          if (names.size() > 2)
            throw std::invalid_argument("give the layer of the means, or that and the one of the log-variances");
          dynamics.census_means = names[0];
          dynamics.census_variances = names.size() > 1 ? names[1] : "";
        }}}};
}

}  // namespace

Job prepare_dynamics(std::vector<std::string> const& arguments) {
  JobConfig config;
  config.command = "dynamics";
  Syntax syntax;
  syntax.command = config.command;
  syntax.usage = "DATA... --output FILE [options]";
  syntax.description =
      "Follows pairs of inputs through training and fits the effective theory of two points to every hidden layer: two "
      "rates, how well they explain the run, whether it is rich or lazy, and where it ends. Fits whose rates mean "
      "nothing are flagged. --convergence, --sequences, --group-by and --census ask for other analyses of training; "
      "the "
      "theory is then fitted only with --pairs.\n\n"
      "DATA are trajectory files, or checkpoints of at least 10 steps from step 0 on; directories (searched for *.h5) "
      "and quoted patterns. A job that was stopped goes on where it was when it is started again by the same command.";
  syntax.positional = data_positional(config.selection);
  syntax.groups = {dynamics_options(config.dynamics), further_options(config.dynamics), input_options(config.selection),
                   output_options(config.run, "the results file, HDF5 that is also netCDF-4 (required)"),
                   resource_options(config.run)};
  syntax.exclusive = {{"quiet", "verbose"}};
  syntax.examples = {{"confer dynamics runs/ --output dynamics.h5", "all runs, all hidden layers"},
                     {"confer dynamics runs/ --pairs 0-1,0-2 --controls --output dynamics.h5",
                      "two pairs, and the wrong equations beside"}};
  Given const given = read_options(syntax, arguments);
  if (given.help) return printing(help_text(syntax));
  require_output(syntax, config.run);
  config.text = given.job_text;
  return [config](Communicator const& comm) { return run_dynamics(config, comm); };
}

}  // namespace confer::app
