#include "run/prediction.hpp"

#include <algorithm>
#include <limits>
#include <string>

namespace confer {

namespace {

double share_left(Index done, Index all) {
  return all > 0 ? 1 - static_cast<double>(done) / static_cast<double>(all) : 0;
}

}  // namespace

void note_what_ran(JobSize& job, Communicator const& comm, Communicator const& node, FactorStageResult const& factors,
                   PairStageReport const& pairs) {
  std::vector<Index> nodes = {node.is_root() ? Index{1} : Index{0}};
  comm.all_sum(nodes);
  job.ranks = comm.size();
  job.nodes = nodes[0];
  job.share_of_factors = share_left(factors.reused, static_cast<Index>(factors.set.keys.size()));
  job.share_of_pairs = share_left(pairs.pieces_found, pairs.pieces);
}

void add_prediction(ResultSet& results, JobSize const& job, MachineRates const& rates,
                    std::vector<PhaseSummary> const& phases) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double shortest = 1e-3;  // seconds; shorter measurements say nothing
  CostEstimate const estimate = estimate_cost(job, rates);
  std::vector<double> predicted, limit_seconds, share, flops, memory;
  std::vector<std::string> limit;
  for (auto const& measured : phases) {
    auto const phase = std::find_if(estimate.phases.begin(), estimate.phases.end(),
                                    [&](PhaseCost const& p) { return p.name == measured.name; });
    bool const known = phase != estimate.phases.end();
    predicted.push_back(known ? phase->seconds : nan);
    limit_seconds.push_back(known ? phase->limit_seconds : nan);
    limit.push_back(known ? phase->limit : "");
    flops.push_back(known ? phase->flops : nan);
    memory.push_back(known ? phase->memory : nan);
    // The last phase is the one that writes this down: its time is not known yet.
    bool const over = &measured != &phases.back();
    share.push_back(known && over && measured.wall_max > shortest ? phase->limit_seconds / measured.wall_max : nan);
  }
  auto const add = [&](std::string const& name, VariableData data, std::string const& meaning,
                       std::string const& units) {
    Attributes attributes = {{"long_name", meaning}};
    if (!units.empty()) attributes["units"] = units;
    results.variables.push_back({name, {"phase"}, std::move(data), std::move(attributes), false});
  };
  add("phase_predicted_seconds", std::move(predicted),
      "wall time by the cost model: rates measured when the job began, directions as found, earlier work left out",
      "s");
  add("phase_limit_seconds", std::move(limit_seconds), "wall time of the limiting resource alone, perfectly shared",
      "s");
  add("phase_memory_planned", std::move(memory), "memory of the largest rank by the cost model", "bytes");
  add("phase_flops", std::move(flops), "arithmetic by the cost model, over all ranks", "");
  add("phase_limit", std::move(limit), "limiting resource", "");
  add("phase_limit_share", std::move(share), "share of the limit that was reached: its seconds over those measured",
      "");
}

}  // namespace confer
