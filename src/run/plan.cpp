#include "confer/run/plan.hpp"

#include <algorithm>
#include <chrono>
#include <iostream>

#include "confer/core/error.hpp"
#include "confer/io/activation_reader.hpp"
#include "confer/linalg/blas_info.hpp"
#include "confer/run/load.hpp"
#include "run/compare_plan.hpp"
#include "run/job_size.hpp"
#include "run/micro_benchmark.hpp"
#include "run/plan_text.hpp"

namespace confer {

namespace {

/// Stored bytes per second that become numbers, on some 16 MiB of the largest representation; nothing if that fails,
/// for the job will then say why.
std::optional<double> decode_rate(Catalog const& catalog, std::vector<Representation> const& representations,
                                  JobSize const& job) {
  std::size_t largest = 0;
  for (std::size_t i = 0; i < representations.size(); ++i)
    if (job.representations[i].file_bytes > job.representations[largest].file_bytes) largest = i;
  Representation const& r = representations[largest];
  double const sample_bytes = job.representations[largest].file_bytes / static_cast<double>(r.samples);
  Index const samples = std::clamp<Index>(static_cast<Index>((16 << 20) / sample_bytes), 1, r.samples);
  try {
    ActivationReader reader(catalog, r);
    Matrix<double> values(r.features, samples * r.rows_per_sample);
    StoredValues seen;
    double best = 0;
    for (int round = 0; round < 2; ++round) {
      auto const begin = std::chrono::steady_clock::now();
      reader.read(0, samples, values.view(), seen);
      double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      best = std::max(best, sample_bytes * static_cast<double>(samples) / seconds);
    }
    return best;
  } catch (InputError const&) {
    return std::nullopt;
  }
}

}  // namespace

int run_plan(JobConfig const& config, Communicator const& comm) {
  set_blas_threads(config.run.threads);
  std::vector<Measure const*> const measures = select_measures(config.compare.measures);
  bool const on_data = !config.plan.representations;
  Catalog const catalog = on_data ? load_catalog(config, comm) : Catalog();
  std::vector<Representation> const representations =
      on_data ? select_representations(catalog, config.selection) : std::vector<Representation>();
  if (on_data) require_pairs(config.compare.pairs, catalog, representations);
  Communicator const node = comm.split_node();
  std::vector<Index> leaders = {node.is_root() ? Index{1} : Index{0}};
  comm.all_sum(leaders);

  JobSize job = on_data ? job_size(config, catalog, representations, {}, measures) : job_size(config, measures);
  job.ranks = config.plan.ranks.value_or(comm.size());
  job.nodes = std::min(job.ranks, config.plan.nodes.value_or(config.plan.ranks ? 1 : leaders[0]));
  job.store_in_memory = config.run.scratch.empty();
  comm.barrier();  // all at once: ranks share the memory of their node, as in the job
  MachineRates rates = measure_rates({measures, typical_kept(job), job.exact, config.compare.neighbours,
                                      config.compare.bootstrap + config.compare.jackknife > 0},
                                     Thoroughness::full);
  together(comm, [&] {
    if (!comm.is_root()) return;
    if (on_data) rates.decode = decode_rate(catalog, representations, job).value_or(rates.decode);
    CostEstimate const estimate = estimate_cost(job, rates);
    std::cout << (config.run.json ? to_json(estimate, job) : plan_text(config, job, rates, estimate)) << std::flush;
    if (!std::cout) throw EnvironmentError("cannot write to standard output");
  });
  return static_cast<int>(ExitCode::done);
}

}  // namespace confer
