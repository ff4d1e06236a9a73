#include "run/plan_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "confer/core/text.hpp"

namespace confer {

namespace {

constexpr double memory_margin = 1.15, time_margin = 2, fixed_seconds = 120;

// Three digits and a unit of thousands: "12.3 T".
std::string short_number(double value) {
  constexpr char const* units[] = {"", " k", " M", " G", " T", " P", " E"};
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < std::size(units)) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.3g}{}", value, units[unit]);
}

std::string time_text(double seconds) {
  return seconds < 0.1 ? fmt::format("{:.0f} ms", 1e3 * seconds) : format_duration(seconds);
}

Index ranks_per_node(JobSize const& job) { return (job.ranks + job.nodes - 1) / job.nodes; }

// Bytes of the node that holds the first rank.
double node_memory_needed(JobSize const& job, CostEstimate const& estimate) {
  return static_cast<double>(ranks_per_node(job) - 1) * estimate.memory_per_rank +
         std::max(estimate.memory_first_rank, estimate.memory_per_rank) +
         (job.store_in_memory ? estimate.store_per_node : 0);
}

std::string slurm_time(double seconds) {
  auto const minutes = static_cast<Index>(std::ceil(seconds / 60));
  return fmt::format("{}-{:02}:{:02}:00", minutes / 1440, minutes / 60 % 24, minutes % 60);
}

std::string range(JobSize const& job, Index RepresentationSize::*size) {
  auto const [least, most] = std::minmax_element(job.representations.begin(), job.representations.end(),
                                                 [size](auto const& a, auto const& b) { return a.*size < b.*size; });
  std::string const low = format_count((*least).*size), high = format_count((*most).*size);
  return low == high ? low : low + " to " + high;
}

std::string table_row(PhaseCost const& phase) {
  bool const limited = phase.seconds > 0 && phase.limit_seconds > 0;
  return fmt::format(
      "{:<13}{:>13}{:>10}{:>11}{:>14}{:>13}   {}\n", phase.name, time_text(phase.seconds), short_number(phase.flops),
      format_bytes(phase.bytes_read), short_number(phase.words_sent), format_bytes(phase.memory),
      limited ? fmt::format("{} ({:.0f} %)", phase.limit, 100 * phase.limit_seconds / phase.seconds) : "");
}

}  // namespace

std::string sbatch_text(JobConfig const& config, JobSize const& job, CostEstimate const& estimate) {
  double const megabytes = std::ceil(memory_margin * node_memory_needed(job, estimate) / (1 << 20));
  std::string text = fmt::format(
      "#SBATCH --nodes={}\n#SBATCH --ntasks-per-node={}\n#SBATCH --cpus-per-task={}\n#SBATCH --mem={:.0f}M\n"
      "#SBATCH --time={}\n#SBATCH --signal=B:USR1@120\n#SBATCH --requeue\n#SBATCH --open-mode=append\n",
      job.nodes, ranks_per_node(job), config.run.threads, megabytes,
      slurm_time(time_margin * estimate.seconds + fixed_seconds));
  return text;
}

std::string plan_text(JobConfig const& config, JobSize const& job, MachineRates const& rates,
                      CostEstimate const& estimate) {
  auto const count = static_cast<Index>(job.representations.size());
  std::string text = fmt::format(
      "{} representations of {} rows x {} neurons, {} directions each{}\n{} pairs, {} {}\n{} {} on {} {}\n\n",
      format_count(count), range(job, &RepresentationSize::rows), range(job, &RepresentationSize::features),
      range(job, &RepresentationSize::kept), config.plan.rank ? "" : " (as many as there can be; --rank tells better)",
      format_count(static_cast<Index>(job.pairs)), job.work.measures, job.work.measures == 1 ? "measure" : "measures",
      format_count(job.ranks), job.ranks == 1 ? "rank" : "ranks", format_count(job.nodes),
      job.nodes == 1 ? "node" : "nodes");
  text += fmt::format("{:<13}{:>13}{:>10}{:>11}{:>14}{:>13}   {}\n", "phase", "time", "flops", "read", "words/rank",
                      "memory/rank", "runs against (share of that limit)");
  for (auto const& phase : estimate.phases) text += table_row(phase);
  text += fmt::format("{:<13}{:>13}\n\n", "in all", time_text(estimate.seconds));
  text +=
      fmt::format("tiles of pairs     {}, {:.3g} for each rank that computes; balance {:.2f}, the largest takes {}\n",
                  format_count(static_cast<Index>(estimate.tiles)), estimate.tiles_per_rank, estimate.balance,
                  time_text(estimate.largest_tile));
  if (estimate.tiles > 0 && estimate.tiles_per_rank < 4)
    text += "                   more ranks than about a quarter of the tiles bring little\n";
  text += fmt::format("memory of a rank   {}; the first, which gathers the results: {}\n",
                      format_bytes(estimate.memory_per_rank), format_bytes(estimate.memory_first_rank));
  text += fmt::format("factors            {} on every node{}\n", format_bytes(estimate.store_per_node),
                      job.store_in_memory ? ", in memory; --scratch DIR puts them on disk" : ", on disk");
  text += fmt::format("results            {}\n", format_bytes(estimate.results_bytes));
  text += fmt::format(
      "rates of a rank    measured here: products {} flop/s single, {} double; copying {}/s, reading {}/s\n"
      "                   assumed: network {}/s and disk {}/s of a node\n",
      short_number(rates.sgemm), short_number(rates.dgemm), format_bytes(rates.memory_bandwidth),
      format_bytes(rates.decode), format_bytes(rates.network), format_bytes(rates.read_bandwidth));
  if (config.run.memory_per_rank && *config.run.memory_per_rank < estimate.memory_per_rank)
    text += "warning            a rank needs more than --memory-per-rank\n";
  text += "\nAsk for (twice the time, 15 % more memory):\n" + sbatch_text(config, job, estimate);
  text += "srun confer compare ...\n";
  return text;
}

}  // namespace confer
