#include "confer/run/match.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "app/commands.hpp"
#include "app/option_groups.hpp"
#include "app/values.hpp"

namespace confer::app {

namespace {

void set_pairs(MatchOptions& match, std::string const& text) {
  if (text.starts_with("to=") && text.size() > 3) {
    match.pairs = MatchPairs::to;
    match.pairs_glob = text.substr(3);
    return;
  }
  if (text.starts_with("to"))
    throw std::invalid_argument("write to=GLOB with a pattern of labels, such as to='*@5000/*'");
  match.pairs = choice<MatchPairs>(text, {{"cross-network", MatchPairs::networks},
                                          {"same-layer", MatchPairs::same_layer},
                                          {"all", MatchPairs::all},
                                          {"to=GLOB", MatchPairs::to}});
}

std::vector<double> penalty_list(std::string const& text) {
  if (text == "none") return {};
  std::vector<double> penalties;
  for (auto const& word : name_list(text))
    penalties.push_back(number_between(word, 0, LowerEnd::included, std::numeric_limits<double>::max()));
  std::ranges::sort(penalties);
  penalties.erase(std::unique(penalties.begin(), penalties.end()), penalties.end());
  return penalties;
}

void set_clusters(MatchOptions& match, std::string const& text) {
  match.clusters.reset();
  match.clustering = text != "none";
  if (match.clustering && text != "auto") match.clusters = whole_number_between(text, 1, Index{1} << 20);
}

OptionGroup match_options(MatchOptions& match) {
  return {
      "Matching",
      {{"pairs", "WHICH",
        "cross-network: a layer in different networks, at the same step or at their last; same-layer: a layer in any "
        "two "
        "checkpoints; all: any two layers; to=GLOB: those with a label that matches (default: cross-network)",
        [&match](std::string const& text) { set_pairs(match, text); }},
       {"measure", "HOW",
        "signed: neurons are alike when they rise and fall together; absolute: also when one rises as the other falls "
        "(default: signed)",
        [&match](std::string const& text) {
          match.absolute = choice<bool>(text, {{"signed", false}, {"absolute", true}});
        }},
       switch_option("mutual-information",
                     "also find best partners by mutual information, which sees dependence of any shape",
                     match.mutual_information),
       {"bins", "N", "bins of its histograms, one of them for zeros where there are many (default: 10)",
        [&match](std::string const& text) { match.bins = whole_number_between(text, 2, 255); }},
       {"penalties", "LIST|none",
        "predict every neuron from few of the other network's (LASSO), for each of these penalties per neuron; in "
        "units "
        "of correlation, so that 1 leaves no weight (default: 0,0.001,0.003,0.01,0.03,0.1,0.3,1)",
        [&match](std::string const& text) { match.penalties = penalty_list(text); }},
       {"clusters", "auto|K|none",
        "group neurons, of each layer and of both of a pair together, into K clusters; auto: as many as the largest "
        "gap "
        "between eigenvalues tells (default: auto)",
        [&match](std::string const& text) { set_clusters(match, text); }},
       {"threshold", "R", "correlations above R make neurons neighbours when they are grouped (default: 0.2)",
        [&match](std::string const& text) { match.threshold = number_between(text, 0, LowerEnd::included, 1); }},
       switch_option(
           "maps",
           "also map each embedding to the other by identity, rotation, least squares and ridge, and judge the "
           "maps on samples held out",
           match.maps),
       {"labels", "NAME", "targets that tell classes, for the maps (default: labels)",
        [&match](std::string const& text) { match.labels = text; }},
       {"matrices", "WHEN",
        "write the correlations of all pairs of neurons: auto (when they take no more than 64 MB), yes, no (default: "
        "auto)",
        [&match](std::string const& text) {
          match.matrices =
              choice<std::optional<bool>>(text, {{"auto", std::optional<bool>()}, {"yes", true}, {"no", false}});
        }}}};
}

}  // namespace

Job prepare_match(std::vector<std::string> const& arguments) {
  JobConfig config;
  config.command = "match";
  config.selection.conv = ConvRule::positions;  // a channel is one neuron, seen at every position
  Syntax syntax;
  syntax.command = config.command;
  syntax.usage = "DATA... --output FILE [options]";
  syntax.description =
      "Tells which neurons of different networks are the same. For every pair of layers: the best partner of each "
      "neuron "
      "and the best one-to-one matching, by correlation over the samples; how well each neuron is predicted from few "
      "of "
      "the other network's; and which groups of neurons of both belong together. Beside the correlations stand those "
      "with shuffled samples (chance) and with one network rotated (the same subspace, other neurons). Neurons that do "
      "not vary are left out and counted.\n\n"
      "DATA are activation files, directories (searched for *.h5) and quoted patterns. A job that was stopped "
      "goes on where it was when it is started again by the same command.";
  syntax.positional = data_positional(config.selection);
  syntax.groups = {match_options(config.match), input_options(config.selection),
                   output_options(config.run, "the results file, HDF5 that is also netCDF-4 (required)"),
                   resource_options(config.run)};
  syntax.exclusive = {{"quiet", "verbose"}};
  syntax.examples = {
      {"confer match runs/ --output matches.h5", "every layer of every two networks"},
      {"confer match runs/ --steps last --layers 'conv*' --penalties none --clusters none --output matches.h5",
       "only partners and matchings, at the end of training"},
      {"confer match runs/ --pairs same-layer --networks net0 --output drift.h5",
       "how the neurons of one network change through training"},
      {"confer match runs/ --layers embedding --maps --output maps.h5", "can one embedding be mapped to the other?"}};
  Given const given = read_options(syntax, arguments);
  if (given.help) return printing(help_text(syntax));
  require_output(syntax, config.run);
  config.text = given.job_text;
  return [config](Communicator const& comm) { return run_match(config, comm); };
}

}  // namespace confer::app
