#include "app/option_groups.hpp"

#include "app/values.hpp"
#include "confer/core/error.hpp"
#include "confer/model/representation.hpp"

namespace confer::app {

namespace {

std::function<void(std::string const&)> store(std::string& target) {
  return [&target](std::string const& text) { target = text; };
}

}  // namespace

Positional data_positional(Selection& selection) {
  return {"data", "DATA", true, [&selection](std::vector<std::string> const& words) { selection.data = words; }};
}

OptionGroup input_options(Selection& selection) {
  std::string const conv = selection.conv == ConvRule::positions ? "positions" : "mean";
  return {"Input",
          {{"networks", "GLOB", "networks to use, by name; several patterns with commas between them (default: all)",
            store(selection.networks)},
           {"layers", "GLOB", "layers to use, by name: 'conv*,fc[12]' (default: all)", store(selection.layers)},
           {"steps", "LIST",
            "training steps to use: all, last (of each network), or a list such as 0,100,500:2000 "
            "(default: all)",
            [&selection](std::string const& text) {
              check_steps(text);
              selection.steps = text;
            }},
           {"samples", "A:B", "use inputs A up to, but not including, B (default: all)",
            [&selection](std::string const& text) {
              std::tie(selection.sample_begin, selection.sample_end) = sample_range(text);
            }},
           {"conv", "RULE",
            "convolutional maps: mean averages over space, positions makes every position a row, flatten "
            "makes every position of every channel a neuron (default: " + conv + ")",
            [&selection](std::string const& text) {
              selection.conv = choice<ConvRule>(
                  text, {{"mean", ConvRule::mean}, {"positions", ConvRule::positions}, {"flatten", ConvRule::flatten}});
            }},
           {"sequence", "RULE",
            "sequences: positions makes every time step a row, last keeps the last one, mean averages "
            "over time, flatten makes every time step of every channel a neuron (default: positions)",
            [&selection](std::string const& text) {
              selection.sequence = choice<SequenceRule>(text, {{"positions", SequenceRule::positions},
                                                               {"last", SequenceRule::last},
                                                               {"mean", SequenceRule::mean},
                                                               {"flatten", SequenceRule::flatten}});
            }}}};
}

OptionGroup method_options(JobConfig& config) {
  return {"Method",
          {{"rank-tolerance", "auto|T",
            "singular values below T times the largest do not count; auto: below what rounding to the stored number "
            "type can produce (default: auto)",
            [&config](std::string const& text) {
              config.rank_tolerance.reset();
              if (text != "auto") config.rank_tolerance = number_between(text, 0, LowerEnd::included, 0.999999);
            }},
           {"svd", "ROUTE",
            "how factors are computed: local (each on one rank), scalapack (each by all ranks), auto (default: auto)",
            [&config](std::string const& text) {
              config.run.svd = choice<SvdRoute>(
                  text,
                  {{"auto", SvdRoute::automatic}, {"local", SvdRoute::local}, {"scalapack", SvdRoute::scalapack}});
            }}}};
}

OptionGroup output_options(RunOptions& run, std::string output_help) {
  return {"Output",
          {{"output", "FILE", std::move(output_help), store(run.output)},
           switch_option("fresh", "begin anew, ignoring unfinished earlier work", run.fresh),
           switch_option("strict", "stop with code 3 before computing when any input is unusable", run.strict),
           {"progress", "WHEN", "show progress: auto (on a terminal), always, never (default: auto)",
            [&run](std::string const& text) {
              run.progress = choice<ProgressMode>(text, {{"auto", ProgressMode::automatic},
                                                         {"always", ProgressMode::always},
                                                         {"never", ProgressMode::never}});
            }},
           switch_option("quiet", "print errors only", run.quiet),
           switch_option("verbose", "say what is done, phase by phase", run.verbose)}};
}

OptionGroup resource_options(RunOptions& run) {
  return {"Resources",
          {{"threads", "T", "BLAS threads of each rank (default: 1)",
            [&run](std::string const& text) { run.threads = static_cast<int>(whole_number_between(text, 1, 1024)); }},
           {"memory-per-rank", "SIZE",
            "memory a rank may use, such as 4GiB (default: 80 % of the node's, divided by its ranks)",
            [&run](std::string const& text) { run.memory_per_rank = memory_size(text); }},
           {"scratch", "DIR", "directory for factors that do not fit into memory", store(run.scratch)},
           {"time-limit", "TIME", "save all finished work and stop with code 75 after TIME: 90 (seconds), 30min, 2h",
            [&run](std::string const& text) { run.time_limit = duration(text); }}}};
}

void require_output(Syntax const& syntax, RunOptions const& run, std::string const& example) {
  if (run.output.empty())
    throw UsageError("--output is missing", "confer " + syntax.command + " writes its results to a file",
                     "add --output " + example);
}

}  // namespace confer::app
