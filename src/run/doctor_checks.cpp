#include "run/doctor_checks.hpp"

#include <fmt/format.h>

#include "confer/core/text.hpp"

namespace confer {

namespace {

std::string count(int number, std::string const& noun) {
  return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

}  // namespace

Finding judge_mpi(MpiInfo const& mpi) {
  Finding finding{Health::ok, "MPI", fmt::format("{}, standard {}, {}", mpi.library, mpi.standard, mpi.thread_level),
                  ""};
  if (!mpi.threads_allowed) {
    finding.health = Health::problem;
    finding.text += ": BLAS threads are not allowed";
    finding.cure = "install an MPI library built with thread support";
  }
  return finding;
}

Finding judge_layout(int ranks, int nodes) {
  return {Health::ok, "ranks", count(ranks, "rank") + " on " + count(nodes, "node"), ""};
}

Finding judge_cores(NodeCores const& node) {
  int const wanted = node.ranks * node.threads;
  Finding finding{
      Health::ok, "cores",
      fmt::format("{} x {} on {}", count(node.ranks, "rank"), count(node.threads, "thread"), count(node.cores, "core")),
      ""};
  bool const fits = wanted <= node.cores, could_fit = wanted <= node.machine;
  if (could_fit && (!fits || node.fewest_per_rank < node.threads)) {
    finding.health = Health::warning;
    finding.text += fits ? fmt::format(", but a rank is bound to {}", count(node.fewest_per_rank, "core"))
                         : fmt::format(" of {}, the others are barred to them", node.machine);
    finding.cure = fmt::format("mpirun --bind-to none, or mpirun --map-by slot:PE={0}; with Slurm --cpus-per-task={0}",
                               node.threads);
  } else if (!fits) {
    finding.health = Health::warning;
    finding.text += ": more than there are cores";
    finding.cure = node.threads > 1 && node.ranks <= node.cores
                       ? fmt::format("--threads {}", node.cores / node.ranks)
                       : fmt::format("at most {} per node", count(node.cores, "rank"));
    if (node.yields_when_idle == false) {
      finding.text += ", and ranks that wait keep theirs busy";
      finding.cure += "; or mpirun --mca mpi_yield_when_idle 1 (up to 100 times faster then)";
    }
  } else if (wanted < node.cores) {
    finding.text += fmt::format("; {} unused", count(node.cores - wanted, "core"));
  }
  return finding;
}

Finding judge_blas(BlasFacts const& facts) {
  auto const& info = facts.info;
  Finding finding{Health::ok, "BLAS", {}, {}};
  finding.text = fmt::format("{}, {}, {:.0f} GFLOP/s per rank", info.library.empty() ? "unknown file" : info.library,
                             info.core.empty() ? "kernels unknown" : info.core + " kernels", facts.gflops);
  VectorUnit const kernel = kernel_vector_unit(info.core);
  constexpr double reference_speed = 5;  // GFLOP/s that compiled loops without kernels stay below
  if (facts.processor != VectorUnit::other && kernel != VectorUnit::other && kernel < facts.processor) {
    finding.health = Health::warning;
    finding.text += fmt::format(": written for {}, but the processor has {}", name(kernel), name(facts.processor));
    finding.cure = facts.forced_core.empty()
                       ? fmt::format("install a newer OpenBLAS, or try OPENBLAS_CORETYPE={}",
                                     facts.processor == VectorUnit::avx512 ? "SkylakeX" : "Haswell")
                       : fmt::format("unset OPENBLAS_CORETYPE (it is {})", facts.forced_core);
  } else if (info.core.empty() && facts.gflops < reference_speed) {
    finding.health = Health::warning;
    finding.text += ": this looks like the reference BLAS";
    finding.cure = "install OpenBLAS (Debian: libopenblas0) and choose it with update-alternatives";
  } else if (facts.threads_wanted > info.threads) {
    finding.health = Health::warning;
    finding.text += fmt::format(": {}, {} asked for", count(info.threads, "thread"), facts.threads_wanted);
    finding.cure = info.parallel ? "--threads " + std::to_string(info.threads)
                                 : "install OpenBLAS built with threads (Debian: libopenblas0-pthread), or start one "
                                   "rank per core";
  }
  return finding;
}

Finding judge_hdf5(Hdf5Info const& hdf5) {
  std::vector<std::string> can, cannot, missing_standard;
  for (auto const& filter : hdf5.filters) {
    (filter.available ? can : cannot).push_back(filter.name);
    if (filter.standard && !filter.available) missing_standard.push_back(filter.name);
  }
  Finding finding{
      Health::ok, "HDF5",
      fmt::format("{}, {}; reads {}", hdf5.version, hdf5.parallel ? "parallel build" : "serial build", join(can, ", ")),
      ""};
  if (!cannot.empty()) finding.text += "; cannot read " + join(cannot, ", ");
  if (!missing_standard.empty()) {
    finding.health = Health::warning;
    finding.text += ", although " + join(missing_standard, ", ") + " is part of a stock build";
    finding.cure = "install the HDF5 of the distribution, or write the data without these filters";
  }
  return finding;
}

Finding judge_memory(NodeMemory const& memory, int ranks) {
  Finding finding{Health::ok, "memory",
                  fmt::format("{} of {} free; {} per rank by default", format_bytes(memory.available),
                              format_bytes(memory.total), format_bytes(0.8 * memory.total / ranks)),
                  ""};
  if (memory.available < 0.8 * memory.total) {
    finding.text += ", which does not fit now";
    finding.health = Health::warning;
    finding.cure = "--memory-per-rank " + std::to_string(static_cast<Index>(0.8 * memory.available / ranks / 1048576)) +
                   "M, or end other programs";
  }
  return finding;
}

Finding judge_shared_memory(std::optional<DiskSpace> const& space, NodeMemory const& memory) {
  if (!space) return {Health::warning, "shared memory", "/dev/shm does not exist", "--scratch DIR on a local disk"};
  Finding finding{Health::ok, "shared memory",
                  fmt::format("{} of {} free in /dev/shm", format_bytes(space->available), format_bytes(space->total)),
                  ""};
  if (space->available < 0.1 * memory.total) {
    finding.health = Health::warning;
    finding.text += ": little for the bases of large jobs";
    finding.cure = "--scratch DIR on a local disk; in a container --shm-size; or remove old files there";
  }
  return finding;
}

Finding judge_directory(std::string const& topic, std::string const& directory,
                        std::optional<std::string> const& trouble, std::optional<DiskSpace> const& space) {
  if (trouble)
    return {Health::problem, topic, "cannot write to '" + directory + "' (" + *trouble + ")",
            "free space there or use another directory"};
  return {
      Health::ok, topic,
      fmt::format("'{}' is writable, {} free", directory, space ? format_bytes(space->available) : "an unknown amount"),
      ""};
}

Finding judge_scalapack(std::string const& grid, std::optional<double> largest_error, std::string const& failure) {
  constexpr double tolerance = 1e-12;
  if (largest_error && *largest_error < tolerance)
    return {Health::ok, "ScaLAPACK",
            fmt::format("eigenvalues and singular values right to {:.0e} on a grid of {}", *largest_error, grid), ""};
  return {Health::problem, "ScaLAPACK",
          largest_error ? fmt::format("wrong by {:.0e} on a grid of {}", *largest_error, grid)
                        : fmt::format("fails on a grid of {} ({})", grid, failure),
          "install ScaLAPACK for the MPI in use (Debian: libscalapack-openmpi-dev) and build again"};
}

}  // namespace confer
