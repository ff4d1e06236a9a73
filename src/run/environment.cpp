#include "run/environment.hpp"

#include <algorithm>

#include "confer/linalg/blas_info.hpp"
#include "run/machine.hpp"

namespace confer {

MemoryAllowance memory_allowance(Communicator const& comm, Communicator const& node, RunOptions const& run) {
  NodeMemory const memory = node_memory();
  std::vector<double> least = {
      run.memory_per_rank ? *run.memory_per_rank : std::min(0.8 * memory.total, memory.available) / node.size()};
  comm.all_min(least);
  constexpr double library_buffers = 1 << 23;  // of BLAS and MPI: they come with the first products and messages
  std::vector<double> most = {resident_memory() + library_buffers};
  comm.all_max(most);
  return {least[0], least[0] * node.size(), most[0]};
}

void add_environment(ResultSet& results, Communicator const& comm, RunOptions const& run,
                     std::vector<PhaseSummary> const& phases) {
  BlasInfo const blas = blas_info();
  results.attributes["confer_version"] = std::string(CONFER_VERSION);
  results.attributes["ranks"] = Index{comm.size()};
  results.attributes["threads_per_rank"] = Index{run.threads};
  results.attributes["blas"] = blas.library;
  results.attributes["blas_kernel"] = blas.core;
  if (kernel_vector_unit(blas.core) < processor_vector_unit())
    results.attributes["blas_warning"] = "the BLAS kernel " + blas.core + " uses " +
                                         std::string(name(kernel_vector_unit(blas.core))) + ", the processor has " +
                                         std::string(name(processor_vector_unit()));
  std::vector<std::string> names;
  std::vector<double> wall, cpu, memory;
  for (auto const& phase : phases) {
    names.push_back(phase.name);
    wall.push_back(phase.wall_max);
    cpu.push_back(phase.cpu_max);
    memory.push_back(phase.memory_max);
  }
  results.dimensions.emplace_back("phase", static_cast<Index>(names.size()));
  auto const add = [&](std::string const& variable, VariableData data, std::string const& meaning, std::string const& units) {
    Attributes attributes = {{"long_name", meaning}};
    if (!units.empty()) attributes["units"] = units;
    results.variables.push_back({variable, {"phase"}, std::move(data), std::move(attributes), false});
  };
  add("phase", std::move(names), "phase of the job", "");
  add("phase_seconds", std::move(wall), "wall time, slowest rank", "s");
  add("phase_cpu_seconds", std::move(cpu), "processor time, busiest rank", "s");
  add("phase_memory", std::move(memory), "memory high water of the largest rank at the end of the phase", "bytes");
}

}  // namespace confer
