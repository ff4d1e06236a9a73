#include "confer/run/align.hpp"

#include "app/commands.hpp"
#include "app/option_groups.hpp"
#include "app/values.hpp"
#include "confer/core/error.hpp"

namespace confer::app {

namespace {

OptionGroup align_options(AlignOptions& align) {
  return {"Alignment",
          {{"target", "NAME[,NAME]",
            "targets to align with, by their names under /targets (required); all of them use the same factor",
            [&align](std::string const& text) { align.targets = name_list(text); }},
           {"center", "WHAT",
            "remove the mean of both, features, targets or none (default: both; none with --preprocess demo)",
            [&align](std::string const& text) {
              align.center = choice<AlignCenter>(text, {{"both", AlignCenter::both},
                                                        {"features", AlignCenter::features},
                                                        {"targets", AlignCenter::targets},
                                                        {"none", AlignCenter::none}});
            }},
           {"preprocess", "HOW",
            "none, or demo: append a constant column and scale every row to unit norm, as the authors' "
            "demonstration does (default: none)",
            [&align](std::string const& text) {
              align.preprocess =
                  choice<AlignPreprocess>(text, {{"none", AlignPreprocess::none}, {"demo", AlignPreprocess::demo}});
            }},
           switch_option("learning-curve", "also write the predicted loss of a linear head over gradient descent",
                         align.learning_curve),
           {"input-layer", "NAME", "the layer that holds the raw inputs, a baseline for the others (default: input)",
            [&align](std::string const& text) { align.input_layer = text; }}}};
}

}  // namespace

Job prepare_align(std::vector<std::string> const& arguments) {
  JobConfig config;
  config.command = "align";
  Syntax syntax;
  syntax.command = config.command;
  syntax.usage = "DATA... --target NAME[,NAME] --output FILE [options]";
  syntax.description =
      "Tells how much of the targets lies along the top singular vectors of every layer, and what that predicts: how "
      "fast gradient descent on a linear head would learn them, and how large its weights would be. Beside every "
      "number stand those of shuffled targets, of the raw inputs and of the same network at step 0.\n\n"
      "DATA are activation files, directories (searched for *.h5) and quoted patterns. A job that was stopped "
      "goes on where it was when it is started again by the same command.";
  syntax.positional = data_positional(config.selection);
  syntax.groups = {align_options(config.align), input_options(config.selection), method_options(config),
                   output_options(config.run, "the results file, HDF5 that is also netCDF-4 (required)"),
                   resource_options(config.run)};
  syntax.exclusive = {{"quiet", "verbose"}};
  syntax.examples = {{"confer align runs/ --target labels --output alignment.h5", "all layers with the class labels"},
                     {"confer align runs/ --target old,new --steps last --learning-curve --output transfer.h5",
                      "which of two tasks the trained layers make easier"}};
  Given const given = read_options(syntax, arguments);
  if (given.help) return printing(help_text(syntax));
  require_output(syntax, config.run);
  if (config.align.targets.empty())
    throw UsageError("--target is missing", "there is nothing to align with", "name a target, such as --target labels");
  config.text = given.job_text;
  return [config](Communicator const& comm) { return run_align(config, comm); };
}

}  // namespace confer::app
