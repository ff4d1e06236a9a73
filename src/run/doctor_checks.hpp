/// The judgements of the doctor: from facts to findings, without looking at any machine.
#pragma once

#include <optional>
#include <string>

#include "confer/comm/mpi_info.hpp"
#include "confer/io/hdf5_info.hpp"
#include "confer/linalg/blas_info.hpp"
#include "confer/run/doctor.hpp"
#include "run/machine.hpp"

namespace confer {

Finding judge_mpi(MpiInfo const& mpi);

Finding judge_layout(int ranks, int nodes);

/// The ranks of one node and the cores that they may use.
struct NodeCores {
  int ranks = 1;
  int threads = 1;          ///< BLAS threads per rank
  int cores = 1;            ///< that at least one of the ranks may use
  int fewest_per_rank = 1;  ///< cores of the rank that may use the fewest
  int machine = 1;          ///< that the machine has, whoever may use them
  std::optional<bool> yields_when_idle;
};
Finding judge_cores(NodeCores const& node);

/// How fast the BLAS is against what the processor could do.
struct BlasFacts {
  BlasInfo info;
  VectorUnit processor = VectorUnit::other;
  std::string forced_core;  ///< OPENBLAS_CORETYPE
  int threads_wanted = 1;
  double gflops = 0;  ///< measured, double precision, all threads of a rank
};
Finding judge_blas(BlasFacts const& facts);

Finding judge_hdf5(Hdf5Info const& hdf5);

Finding judge_memory(NodeMemory const& memory, int ranks);

/// The node's shared memory (/dev/shm), where bases lie unless --scratch says otherwise.
Finding judge_shared_memory(std::optional<DiskSpace> const& space, NodeMemory const& memory);

/// A directory that a job would write to. `trouble`: why it cannot.
Finding judge_directory(std::string const& topic, std::string const& directory,
                        std::optional<std::string> const& trouble, std::optional<DiskSpace> const& space);

/// `largest_error`: of the solutions of a small problem, relative; empty: `failure` says why there are none.
Finding judge_scalapack(std::string const& grid, std::optional<double> largest_error, std::string const& failure);

}  // namespace confer
