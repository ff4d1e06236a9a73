#include "confer/run/doctor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <numbers>
#include <set>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/dist/scalapack.hpp"
#include "confer/linalg/dense.hpp"
#include "run/doctor_checks.hpp"

namespace confer {

namespace {

constexpr char field_end = '\x1f', finding_end = '\x1e';

std::string pack(std::vector<Finding> const& findings) {
  std::string text;
  for (auto const& f : findings)
    text += std::to_string(static_cast<int>(f.health)) + field_end + f.topic + field_end + f.text + field_end + f.cure +
            finding_end;
  return text;
}

std::vector<Finding> unpack(std::string const& text) {
  std::vector<Finding> findings;
  for (auto const& line : split(text, finding_end)) {
    auto const fields = split(line, field_end);
    if (fields.size() == 4)
      findings.push_back({static_cast<Health>(parse_index(fields[0])), fields[1], fields[2], fields[3]});
  }
  return findings;
}

// Speed of the product of two 512 x 512 matrices, the best of a few.
double measured_gflops() {
  constexpr Index n = 512;
  Matrix<double> a(n, n), b(n, n), c(n, n);
  std::fill_n(a.data(), a.size(), 0.5);
  std::fill_n(b.data(), b.size(), 0.25);
  double best = 0;
  for (int i = 0; i < 4; ++i) {
    auto const begin = std::chrono::steady_clock::now();
    gemm(1.0, a.const_view(), Op::none, b.const_view(), Op::none, 0.0, c.view());
    double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    best = std::max(best, 2e-9 * n * n * n / seconds);
  }
  return best;
}

// Collective. The second-difference matrix has known eigenvalues, which are its singular values too.
Finding examine_scalapack(Communicator const& comm) {
  constexpr Index n = 40, few = 7, block = 8;
  auto const shape = grid_shape(comm.size());
  std::string const grid = fmt::format("{} x {}", shape.rows, shape.cols);
  auto const matrix = [](Index i, Index j) { return i == j ? 2.0 : std::abs(i - j) == 1 ? -1.0 : 0.0; };
  try {
    ProcessGrid const process_grid(comm);
    DistMatrix a(process_grid, n, n, block), b = a, c = a;
    for (auto* m : {&a, &b, &c}) m->fill(matrix);
    auto const all = dist_eigh(a, n);
    auto const leading = dist_eigh(b, few);
    auto const singular = dist_svd(c).s;
    auto const vectors = gather(all.vectors), leading_vectors = gather(leading.vectors);
    double error = 0;
    for (Index k = 0; k < n; ++k) {
      double const value = 2 + 2 * std::cos(std::numbers::pi * static_cast<double>(k + 1) / (n + 1));
      error = std::max({error, std::abs(all.values[static_cast<std::size_t>(k)] - value),
                        std::abs(singular[static_cast<std::size_t>(k)] - value)});
      for (auto const* v : {&vectors, &leading_vectors})
        for (Index i = 0; k < v->cols() && i < n; ++i) {
          double const left = i > 0 ? (*v)(i - 1, k) : 0, right = i + 1 < n ? (*v)(i + 1, k) : 0;
          error = std::max(error, std::abs(2 * (*v)(i, k) - left - right - value * (*v)(i, k)));
        }
      if (k < few) error = std::max(error, std::abs(leading.values[static_cast<std::size_t>(k)] - value));
    }
    return judge_scalapack(grid, error, {});
  } catch (std::exception const& failure) {
    return judge_scalapack(grid, std::nullopt, failure.what());
  }
}

// Collective over the ranks of a node; the findings are on its first rank.
std::vector<Finding> examine_node(JobConfig const& config, Communicator const& node, MpiInfo const& mpi) {
  auto const own = allowed_cores();
  std::string own_text;
  for (int core : own) own_text += std::to_string(core) + " ";
  NodeCores cores;
  cores.ranks = node.size();
  cores.threads = config.run.threads;
  cores.machine = machine_cores();
  cores.yields_when_idle = mpi.yields_when_idle;
  cores.fewest_per_rank = static_cast<int>(own.size());
  std::set<std::string> all_cores;
  for (auto const& text : node.all_gather(own_text)) {
    auto const list = split(text, ' ');
    int const usable = static_cast<int>(std::count_if(list.begin(), list.end(), [](auto& s) { return !s.empty(); }));
    cores.fewest_per_rank = std::min(cores.fewest_per_rank, usable);
    all_cores.insert(list.begin(), list.end());
  }
  all_cores.erase("");
  cores.cores = static_cast<int>(all_cores.size());
  if (!node.is_root()) return {};

  BlasFacts blas{blas_info(), processor_vector_unit(), {}, config.run.threads, measured_gflops()};
  if (char const* forced = std::getenv("OPENBLAS_CORETYPE")) blas.forced_core = forced;
  auto const memory = node_memory();
  std::vector<Finding> findings = {judge_cores(cores), judge_blas(blas), judge_hdf5(hdf5_info()),
                                   judge_memory(memory, node.size()),
                                   judge_shared_memory(disk_space("/dev/shm"), memory)};
  std::error_code no_directory;
  std::string const here = std::filesystem::current_path(no_directory).string();
  findings.push_back(judge_directory("directory", here, why_not_writable(here), disk_space(here)));
  if (auto const& scratch = config.run.scratch; !scratch.empty())
    findings.push_back(judge_directory("--scratch", scratch, why_not_writable(scratch), disk_space(scratch)));
  return findings;
}

// One line where all nodes are well, one per node where something is the matter.
std::vector<Finding> merge(std::vector<std::string> const& hosts, std::vector<std::vector<Finding>> const& nodes) {
  std::vector<Finding> merged;
  for (std::size_t topic = 0; topic < nodes.front().size(); ++topic) {
    bool any = false;
    for (std::size_t node = 0; node < nodes.size(); ++node) {
      Finding finding = nodes[node][topic];
      if (finding.health == Health::ok) continue;
      if (nodes.size() > 1) finding.text = hosts[node] + ": " + finding.text;
      merged.push_back(finding);
      any = true;
    }
    if (any) continue;
    Finding finding = nodes.front()[topic];
    if (nodes.size() > 1) finding.text = hosts.front() + ": " + finding.text + "; the other nodes are well too";
    merged.push_back(finding);
  }
  return merged;
}

}  // namespace

std::vector<Finding> examine(JobConfig const& config, Communicator const& comm) {
  set_blas_threads(config.run.threads);
  auto const mpi = mpi_info();
  auto const scalapack = examine_scalapack(comm);
  auto const node = comm.split_node();
  std::string packed;
  together(comm, [&] { packed = pack(examine_node(config, node, mpi)); });

  auto const reports = comm.gather(packed, 0);
  auto const hosts = comm.gather(host_name(), 0);
  auto const libraries = comm.gather(mpi.library, 0);
  if (!comm.is_root()) return {};
  std::vector<std::string> node_hosts;
  std::vector<std::vector<Finding>> nodes;
  for (std::size_t rank = 0; rank < reports.size(); ++rank) {
    if (reports[rank].empty()) continue;
    node_hosts.push_back(hosts[rank]);
    nodes.push_back(unpack(reports[rank]));
  }
  std::vector<Finding> findings = {judge_mpi(mpi)};
  for (std::size_t rank = 0; rank < libraries.size(); ++rank)
    if (libraries[rank] != mpi.library) {
      findings.push_back({Health::problem, "MPI", fmt::format("rank {} has {}", rank, libraries[rank]),
                          "install the same MPI library on all nodes"});
      break;
    }
  findings.push_back(judge_layout(comm.size(), static_cast<int>(std::ssize(nodes))));
  auto const merged = merge(node_hosts, nodes);
  findings.insert(findings.end(), merged.begin(), merged.end());
  findings.push_back(scalapack);
  return findings;
}

std::string doctor_report(std::vector<Finding> const& findings) {
  std::string text;
  int warnings = 0, problems = 0;
  for (auto const& f : findings) {
    warnings += f.health == Health::warning;
    problems += f.health == Health::problem;
    char const* const label = f.health == Health::ok ? "ok" : f.health == Health::warning ? "warning" : "problem";
    text += fmt::format("{:<8} {}: {}\n", label, f.topic, f.text);
    if (!f.cure.empty()) text += fmt::format("{:<8} cure: {}\n", "", f.cure);
  }
  if (problems > 0) return text + "Jobs will fail here.\n";
  return text + (warnings > 0 ? "Jobs will run, but not as well as they could.\n" : "All is well.\n");
}

int run_doctor(JobConfig const& config, Communicator const& comm) {
  auto const findings = examine(config, comm);
  together(comm, [&] {
    if (!comm.is_root()) return;
    std::cout << doctor_report(findings) << std::flush;
    if (!std::cout) throw EnvironmentError("cannot write to standard output");
  });
  double broken = std::any_of(findings.begin(), findings.end(), [](auto& f) { return f.health == Health::problem; });
  comm.all_max(std::span(&broken, 1));
  return static_cast<int>(broken > 0 ? ExitCode::environment : ExitCode::done);
}

}  // namespace confer
