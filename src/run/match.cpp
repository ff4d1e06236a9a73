#include "confer/run/match.hpp"

#include <algorithm>
#include <cstdio>

#include "confer/comm/phase_timer.hpp"
#include "confer/core/error.hpp"
#include "confer/core/record.hpp"
#include "confer/core/text.hpp"
#include "confer/io/basis_store.hpp"
#include "confer/io/results.hpp"
#include "confer/linalg/blas_info.hpp"
#include "confer/run/load.hpp"
#include "run/analysis_memory.hpp"
#include "run/environment.hpp"
#include "run/match_one.hpp"
#include "run/match_pairs.hpp"
#include "run/match_results.hpp"
#include "run/phase_report.hpp"
#include "run/work_list.hpp"

namespace confer {

namespace {

constexpr double matrices_without_asking = 64e6;  ///< bytes of correlations that results hold unless told otherwise

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

bool keeps_matrices(MatchOptions const& options, std::vector<Representation> const& representations,
                    std::vector<MatchChain> const& chains) {
  if (options.matrices) return *options.matrices;
  double pairs = 0, widest = 0;
  for (auto const& chain : chains) pairs += static_cast<double>(chain.pairs.size());
  for (auto const& r : representations) widest = std::max(widest, static_cast<double>(r.features));
  return 8 * pairs * widest * widest <= matrices_without_asking;
}

std::string fingerprint(JobConfig const& config, Catalog const& catalog,
                        std::vector<Representation> const& representations, std::vector<MatchChain> const& chains,
                        bool matrices) {
  std::string text = "match 1\n" + files_text(catalog);
  for (auto const& r : representations)
    text += r.label + " " + std::to_string(r.sample_begin) + "+" + std::to_string(r.samples) + " " + r.row_meaning +
            " " + std::to_string(r.features) + "\n";
  for (auto const& chain : chains) {
    for (auto const& [a, b] : chain.pairs) text += std::to_string(a) + "-" + std::to_string(b) + " ";
    text += "\n";
  }
  auto const& options = config.match;
  for (double const penalty : options.penalties) text += format_number(penalty) + " ";
  text += options.clusters ? std::to_string(*options.clusters) : "auto";
  text += " " + format_number(options.threshold) + " " + options.labels + " " + std::to_string(options.bins);
  for (bool const flag : {options.absolute, options.mutual_information, options.clustering, options.maps, matrices})
    text += flag ? " yes" : " no";
  return content_key(text);
}

std::vector<double> costs(std::vector<Representation> const& representations, std::vector<MatchChain> const& chains) {
  std::vector<double> result;
  for (auto const& r : representations) {
    auto const n = static_cast<double>(r.rows()), p = static_cast<double>(r.features);
    result.push_back(n * p * p + 20 * p * p * p);
  }
  for (auto const& chain : chains) {
    double cost = 0;
    for (auto const& [a, b] : chain.pairs) {
      auto const n = static_cast<double>(representations[at(a)].rows());
      auto const p = static_cast<double>(representations[at(a)].features),
                 q = static_cast<double>(representations[at(b)].features);
      cost += n * (p + q) * (p + q) + 40 * (p * p * p + q * q * q);
    }
    result.push_back(cost);
  }
  return result;
}

/// Refuses what --strict does not tolerate, before pairs are matched.
void check_strict(JobConfig const& config, Catalog const& catalog, std::vector<Representation> const& representations,
                  std::vector<MatchChain> const& chains) {
  if (!config.run.strict) return;
  for (auto const& chain : chains)
    for (auto const& [a, b] : chain.pairs) {
      auto const &x = representations[at(a)], &y = representations[at(b)];
      if (comparability(catalog, x, y) != Comparability::ok)
        throw InputError("--strict: '" + x.label + "' and '" + y.label + "' cannot be matched",
                         "they have other inputs, samples or rows", "leave one out, or run without --strict");
    }
  SideCache cache(catalog, representations, 0);
  for (std::size_t i = 0; i < representations.size(); ++i)
    if (auto const& entry = cache.get(static_cast<Index>(i)); !entry.side)
      throw InputError("--strict: '" + representations[i].label + "' cannot be used",
                       to_string(static_cast<RepresentationStatus>(entry.status)) + ": " + entry.detail,
                       "leave it out with --layers, --networks or --steps, or run without --strict");
}

MatchData gather(JobConfig const& config, Catalog const& catalog, std::vector<Representation> const& representations,
                 std::vector<MatchChain> const& chains, std::vector<std::string> const& records) {
  MatchData data{config, catalog, representations, {}, {}, {}};
  for (std::size_t i = 0; i < representations.size(); ++i) {
    RecordReader reader(records[i]);
    data.own.emplace_back();
    reader(data.own.back());
  }
  for (std::size_t c = 0; c < chains.size(); ++c) {
    RecordReader reader(records[representations.size() + c]);
    for (auto const& pair : chains[c].pairs) {
      data.pairs.push_back(pair);
      data.matched.emplace_back();
      reader(data.matched.back());
    }
  }
  // In catalog order, whatever the chains: first the layer of the first, then its partner.
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < data.pairs.size(); ++i) order.push_back(i);
  std::ranges::sort(order, [&](std::size_t i, std::size_t j) { return data.pairs[i] < data.pairs[j]; });
  MatchData sorted{config, catalog, representations, std::move(data.own), {}, {}};
  for (std::size_t const i : order) {
    sorted.pairs.push_back(data.pairs[i]);
    sorted.matched.push_back(std::move(data.matched[i]));
  }
  return sorted;
}

}  // namespace

int run_match(JobConfig const& config, Communicator const& comm) {
  set_blas_threads(config.run.threads);
  PhaseTimer timer;
  timer.start("read headers");
  together(comm, [&] {
    if (comm.is_root()) check_output_path(config.run.output);
  });
  Catalog const catalog = load_catalog(config, comm);
  std::vector<Representation> const representations = select_representations(catalog, config.selection);
  std::vector<MatchChain> const chains = match_chains(catalog, representations, config.match);
  together(comm, [&] {
    if (comm.is_root()) check_strict(config, catalog, representations, chains);
  });
  MemoryBudget const budget(comm, comm.split_node(), config.run);
  double const memory = budget.allowed();
  for (auto const& r : representations) budget.require("to match", r, 2 * neuron_side_memory(catalog, r));

  timer.start("match");
  MatchContext const context = {catalog, representations, config.match, memory * 3 / 4,
                                keeps_matrices(config.match, representations, chains)};
  SideCache cache(catalog, representations, memory / 4);
  WorkList list;
  list.items = static_cast<Index>(representations.size() + chains.size());
  list.costs = costs(representations, chains);
  list.fingerprint = fingerprint(config, catalog, representations, chains, context.matrices);
  list.phase = "match";
  list.unit = "layers and pairs";
  list.work = [&](Index item, Poll const& poll) {
    RecordWriter writer;
    auto const layers = static_cast<Index>(representations.size());
    if (item < layers) {
      writer(match_own(context, cache, item));
      return writer.take();
    }
    AssignmentDuals start;
    for (auto const& [a, b] : chains[at(item - layers)].pairs) writer(match_pair(context, cache, a, b, start, poll));
    return writer.take();
  };
  std::vector<std::string> const records = do_work(comm, config.run, list);

  timer.start("write");
  std::vector<PhaseSummary> const phases = timer.summary(comm);
  timer.start("write");  // goes on
  int code = 0;
  together(comm, [&] {
    if (!comm.is_root()) return;
    MatchData const data = gather(config, catalog, representations, chains, records);
    ResultSet results = match_results(data);
    add_environment(results, comm, config.run, phases);
    write_results(config.run.output, results);
    forget_work(config.run);
    code = match_is_complete(data) ? 0 : 1;
    std::fputs(match_failures(data).c_str(), stderr);
    if (!config.run.quiet) {
      timer.stop();
      std::fputs(phases_text(results, timer).c_str(), stdout);
      std::fputs(match_summary(data, config.run.output).c_str(), stdout);
      std::fflush(stdout);
    }
  });
  comm.broadcast(std::span(&code, 1), 0);
  return code;
}

}  // namespace confer
